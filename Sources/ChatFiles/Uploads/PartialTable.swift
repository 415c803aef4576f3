internal import ChatSystem

/// The partial uploads: how long each is, and whether it is in use.
///
/// What they take is counted in whole blocks of the disk.
struct PartialTable: Sendable {
  private enum State { case unused, inUse, leaving }

  private struct Partial {
    var sizeBytes: UInt64 = 0
    var modifiedSeconds: Int64 = 0
    var state = State.inUse
    /// Where it came from last; `nil` if that is not known.
    var source: AddressBlock?
  }

  /// A partial upload that is not in use, and its size.
  typealias Unused = (name: String, sizeBytes: UInt64, modifiedSeconds: Int64)

  private let blockBytes: UInt64
  private var partials: [String: Partial] = [:]
  /// The names of those not in use, by owner.
  private var unusedNames: [String: Set<String>] = [:]
  private var unusedCount = 0
  /// The same by where they came from, where that is known.
  private var unusedOfSource: [AddressBlock: Set<String>] = [:]
  /// How many bytes those in use take, by their source.
  private var inUseBytesOfSource: [AddressBlock: UInt64] = [:]

  /// How many bytes those in use have.
  private(set) var inUseBytes: UInt64 = 0
  /// How many bytes those not in use have.
  private(set) var unusedBytes: UInt64 = 0
  /// How many bytes those have that are being removed.
  private(set) var leavingBytes: UInt64 = 0

  /// Makes an empty table.
  init(blockBytes: UInt64) { self.blockBytes = blockBytes }

  /// How many bytes all of them have.
  var bytes: UInt64 { inUseBytes + unusedBytes + leavingBytes }

  /// Enters one that is not in use.
  mutating func add(_ name: String, sizeBytes: UInt64, modifiedSeconds: Int64) {
    set(
      name, to: Partial(sizeBytes: sizeBytes, modifiedSeconds: modifiedSeconds, state: .unused))
  }

  /// Takes one into use, a new one if there is none.
  ///
  /// - Returns: false if it is in use already, or being removed.
  mutating func use(_ name: String, from source: AddressBlock?) -> Bool {
    var partial = partials[name] ?? Partial(state: .unused)
    guard partial.state == .unused else { return false }
    // Its owner must not change between the two counts.
    if partials[name] != nil { set(name, to: nil) }
    partial.state = .inUse
    partial.source = source
    set(name, to: partial)
    return true
  }

  /// Ends its use, or its removal.
  ///
  /// - Parameter modifiedSeconds: when it last grew; `nil`: as before.
  mutating func release(_ name: String, modifiedSeconds: Int64? = nil) {
    guard var partial = partials[name] else { return }
    partial.state = .unused
    if let modifiedSeconds { partial.modifiedSeconds = modifiedSeconds }
    set(name, to: partial)
  }

  /// Marks one as being removed.
  mutating func leave(_ name: String) {
    guard var partial = partials[name] else { return }
    partial.state = .leaving
    set(name, to: partial)
  }

  /// How many bytes it has; 0 if there is none. One that is not there has nothing set.
  subscript(sizeBytesOf name: String) -> UInt64 {
    get { partials[name]?.sizeBytes ?? 0 }
    set {
      guard var partial = partials[name] else { return }
      partial.sizeBytes = newValue
      set(name, to: partial)
    }
  }

  /// How much space one takes; 0 if there is none.
  func cost(of name: String) -> UInt64 { cost(of: partials[name]?.sizeBytes ?? 0) }

  /// How much more space it takes with so many bytes more.
  func cost(of count: UInt64, moreOf name: String) -> UInt64 {
    cost(of: self[sizeBytesOf: name] + count) - cost(of: name)
  }

  private func cost(of sizeBytes: UInt64) -> UInt64 {
    (sizeBytes / blockBytes + (sizeBytes % blockBytes > 0 ? 1 : 0)) * blockBytes
  }

  /// How much those take together that come from where this one does; `nil` if that is not known.
  func inUseBytes(ofSourceOf name: String) -> UInt64? {
    partials[name]?.source.map { inUseBytesOfSource[$0] ?? 0 }
  }

  /// Forgets one, and says how much space it took.
  mutating func remove(_ name: String) -> UInt64 {
    let bytes = cost(of: name)
    set(name, to: nil)
    return bytes
  }

  /// Those not in use, the least recently written first.
  func unused() -> [Unused] {
    unusedNames.values.joined().compactMap(unused).sorted(by: Self.isOlder)
  }

  /// The oldest unused one of an owner that has more than so many, of a source that has more, or several that take
  /// more than so much, or else of all if they are more than so many; `nil` if they are not.
  ///
  /// - Parameter name: one of the owner's, and of the source.
  func surplus(
    with name: String, ofOwner ownerLimit: Int, ofSource sourceLimit: Int, orBytes bytes: UInt64,
    ofAll limit: Int
  ) -> String? {
    if let names = unusedNames[PartialName.owner(of: name)], names.count > ownerLimit {
      return names.compactMap(unused).min(by: Self.isOlder)?.name
    }
    if let names = partials[name]?.source.flatMap({ unusedOfSource[$0] }), names.count > 1,
      names.count > sourceLimit || names.reduce(0, { $0 + cost(of: $1) }) > bytes
    {
      return names.compactMap(unused).min(by: Self.isOlder)?.name
    }
    guard unusedCount > limit else { return nil }
    return unusedNames.values.joined().compactMap(unused).min(by: Self.isOlder)?.name
  }

  private func unused(_ name: String) -> Unused? {
    partials[name].map { (name, cost(of: $0.sizeBytes), $0.modifiedSeconds) }
  }

  private static func isOlder(_ one: Unused, than other: Unused) -> Bool {
    (one.modifiedSeconds, one.name) < (other.modifiedSeconds, other.name)
  }

  private subscript(bytesOf state: State) -> UInt64 {
    get {
      switch state {
      case .inUse: inUseBytes
      case .unused: unusedBytes
      case .leaving: leavingBytes
      }
    }
    set {
      switch state {
      case .inUse: inUseBytes = newValue
      case .unused: unusedBytes = newValue
      case .leaving: leavingBytes = newValue
      }
    }
  }

  /// Everything that changes does so here, so that what is counted stays true.
  private mutating func set(_ name: String, to new: Partial?) {
    let old = partials[name]
    partials[name] = new
    if let old { self[bytesOf: old.state] -= cost(of: old.sizeBytes) }
    if let new { self[bytesOf: new.state] += cost(of: new.sizeBytes) }
    if let old, old.state == .inUse, let source = old.source {
      let left = (inUseBytesOfSource[source] ?? 0) - cost(of: old.sizeBytes)
      inUseBytesOfSource[source] = left == 0 ? nil : left
    }
    if let new, new.state == .inUse, let source = new.source, new.sizeBytes > 0 {
      inUseBytesOfSource[source, default: 0] += cost(of: new.sizeBytes)
    }
    guard (old?.state == .unused) != (new?.state == .unused) else { return }
    let owner = PartialName.owner(of: name)
    if let source = (new ?? old)?.source {
      if new?.state == .unused {
        unusedOfSource[source, default: []].insert(name)
      } else {
        unusedOfSource[source]?.remove(name)
        if unusedOfSource[source]?.isEmpty == true { unusedOfSource[source] = nil }
      }
    }
    if new?.state == .unused {
      unusedNames[owner, default: []].insert(name)
      unusedCount += 1
    } else {
      unusedNames[owner]?.remove(name)
      if unusedNames[owner]?.isEmpty == true { unusedNames[owner] = nil }
      unusedCount -= 1
    }
  }
}
