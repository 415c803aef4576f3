package import ChatCore
package import ChatSystem

/// The running transfers of one direction: how many there may be, and which have to end. Pure.
///
/// An address may have as many as are free for all others together: alone it gets half of them, and there is always
/// one for an address that has none. Where that is too few, a transfer that takes too long makes way.
package struct TransferTable: Sendable {
  /// Names a transfer.
  package typealias ID = UInt64

  /// Whether a transfer may go on.
  package enum Verdict: Sendable {
    case goesOn
    /// It is slower than any may be.
    case tooSlow
    /// It took long, and what it held is needed.
    case revoked
  }

  /// How fast transfers have to be.
  package struct Rules: Sendable {
    /// One that is slower ends.
    package var leastBytesPerSecond = 1_000
    package var leastPatience = Duration.seconds(30)
    /// One that is slower makes way where space, or a place, is needed.
    package var fairBytesPerSecond = 65_536
    package var fairPatience = Duration.seconds(3)

    /// Makes the protocol's rules.
    package init() {}
  }

  private struct Entry {
    let source: AddressBlock
    let content: SHA256Digest?
    var least: Pace
    var fair: Pace
    /// When it was told to make way.
    var revocation: MonotonicTime?
  }

  /// A transfer that was told to make way has ended after that, if it is alive.
  private static let revocationTime = Duration.seconds(2)
  /// So many of those that were told to make way may run besides.
  private static let spare = 64

  private let limit: Int
  private let rules: Rules
  private var entries: [ID: Entry] = [:]
  /// How many of them each has, and all, but for those that were told to make way.
  private var counts: [AddressBlock: Int] = [:]
  private var count = 0
  private var nextID: ID = 0

  /// Makes an empty table.
  package init(limit: Int, rules: Rules) { (self.limit, self.rules) = (limit, rules) }

  /// Begins a transfer.
  ///
  /// - Parameter content: what is read; `nil` for one that writes.
  /// - Returns: `nil` if there are too many.
  package mutating func begin(
    from source: AddressBlock, of content: SHA256Digest? = nil, now: MonotonicTime
  ) -> ID? {
    if !hasPlace(for: source) {
      let isOwn = count < limit
      if let slow = slowest(now, where: { !isOwn || $0.source == source }) { revoke(slow.id, now) }
    }
    guard hasPlace(for: source) else { return nil }
    nextID += 1
    entries[nextID] = Entry(
      source: source, content: content,
      least: Pace(
        bytesPerSecond: rules.leastBytesPerSecond, patience: rules.leastPatience, now: now),
      fair: Pace(bytesPerSecond: rules.fairBytesPerSecond, patience: rules.fairPatience, now: now))
    count += 1
    counts[source, default: 0] += 1
    return nextID
  }

  /// Notes how much has passed since the last time; `nil` if there was nothing to pass.
  package mutating func note(_ id: ID, _ bytes: UInt64?, now: MonotonicTime) -> Verdict {
    guard let entry = entries[id] else { return .goesOn }
    guard entry.revocation == nil else { return .revoked }
    if let bytes {
      entries[id]?.least.note(bytes, now: now)
      entries[id]?.fair.note(bytes, now: now)
    } else {
      entries[id]?.least.rest(now: now)
      entries[id]?.fair.rest(now: now)
    }
    return entries[id]?.least.balance(at: now) ?? 0 < 0 ? .tooSlow : .goesOn
  }

  /// Ends a transfer.
  package mutating func end(_ id: ID) {
    guard let entry = entries.removeValue(forKey: id), entry.revocation == nil else { return }
    uncount(entry.source)
  }

  /// How many there are besides one.
  package func count(besides id: ID?) -> Int {
    entries.count - (id.flatMap { entries[$0] } == nil ? 0 : 1)
  }

  /// Whether some were told to make way a moment ago, and have not yet.
  package func isMakingWay(now: MonotonicTime) -> Bool {
    entries.values.contains { entry in
      entry.revocation.map { now - $0 < Self.revocationTime } == true
    }
  }

  /// The transfers that take longest and together hold one thing: a content, all of whose readers are too slow, or an
  /// upload.
  package func slowestHolders(
    besides id: ID?, now: MonotonicTime
  ) -> (ids: [ID], balance: Double)? {
    var fastest: [SHA256Digest: Double] = [:]
    for entry in entries.values where entry.revocation == nil {
      guard let content = entry.content else { continue }
      fastest[content] = max(
        fastest[content] ?? -.infinity, entry.fair.balance(at: now))
    }
    guard
      let slow = slowest(
        now, besides: id,
        where: { entry in
          entry.content.flatMap { fastest[$0] } ?? -1 < 0
        })
    else { return nil }
    guard let content = entries[slow.id]?.content else { return ([slow.id], slow.balance) }
    let readers = entries.filter { $0.value.content == content && $0.value.revocation == nil }
    return (Array(readers.keys), fastest[content] ?? slow.balance)
  }

  /// Tells a transfer to make way.
  package mutating func revoke(_ id: ID, _ now: MonotonicTime) {
    guard let entry = entries[id], entry.revocation == nil else { return }
    entries[id]?.revocation = now
    uncount(entry.source)
  }

  private func hasPlace(for source: AddressBlock) -> Bool {
    counts[source] ?? 0 < limit - count && entries.count < limit + Self.spare
  }

  private mutating func uncount(_ source: AddressBlock) {
    count -= 1
    let left = (counts[source] ?? 1) - 1
    counts[source] = left == 0 ? nil : left
  }

  /// The one that is furthest behind.
  private func slowest(
    _ now: MonotonicTime, besides id: ID? = nil, where isCandidate: (Entry) -> Bool
  ) -> (id: ID, balance: Double)? {
    var slowest: (id: ID, balance: Double)?
    for (other, entry) in entries where other != id && entry.revocation == nil {
      let balance = entry.fair.balance(at: now)
      guard balance < slowest?.balance ?? 0, isCandidate(entry) else { continue }
      slowest = (other, balance)
    }
    return slowest
  }
}

/// Whether a transfer is fast enough. Pure.
///
/// It has to make so many bytes a second. What it makes beyond that counts for as long as its patience: it may pause
/// that long, and no burst buys it more.
package struct Pace: Sendable {
  private let bytesPerSecond: Double
  private let most: Double
  private var balance: Double
  private var time: MonotonicTime

  /// Begins with all of its patience.
  package init(bytesPerSecond: Int, patience: Duration, now: MonotonicTime) {
    self.bytesPerSecond = Double(bytesPerSecond)
    most = self.bytesPerSecond * (patience / .seconds(1))
    balance = most
    time = now
  }

  /// Notes progress since the last time.
  package mutating func note(_ count: UInt64, now: MonotonicTime) {
    balance = min(most, self.balance(at: now) + Double(count))
    time = max(time, now)
  }

  /// Notes that there was nothing to transfer.
  package mutating func rest(now: MonotonicTime) { (balance, time) = (most, max(time, now)) }

  /// How many bytes it is ahead of its rate; below 0 it is too slow.
  package func balance(at now: MonotonicTime) -> Double {
    balance - bytesPerSecond * (max(.zero, now - time) / .seconds(1))
  }
}
