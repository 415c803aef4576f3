package import ChatCore

/// How far a room came before.
package struct RoomStart: Sendable, Equatable {
  /// The number of its last line.
  package var sequence: UInt64 = 0
  /// How many bytes it has said.
  package var position: UInt64 = 0

  /// Describes a room.
  package init(sequence: UInt64 = 0, position: UInt64 = 0) {
    self.sequence = sequence
    self.position = position
  }

  /// As far as both came.
  package func joined(with other: RoomStart) -> RoomStart {
    RoomStart(
      sequence: max(sequence, other.sequence), position: max(position, other.position))
  }
}

/// How far the empty rooms came, so that no number is given twice while the server runs. Pure.
///
/// There is no end to the rooms that clients can make and leave, so of too many some are forgotten. A public room
/// that is not known begins after all that were: its numbers are new, whichever room it is.
package struct EmptiedRooms: Sendable {
  /// How many are remembered.
  package static let limit = 100_000

  private struct Entry {
    let end: RoomStart
    let time: Duration
  }

  private let timeToLive: Duration
  private let limit: Int
  private var entries: [RoomName: Entry] = [:]
  /// None of the forgotten public rooms came further.
  private var forgotten = RoomStart()
  /// Whether private rooms were forgotten.
  package private(set) var hasForgottenPrivate = false

  /// No room has been left yet. The time is how long the system has run.
  ///
  /// - Parameter timeToLive: for how long a private room can be entered again.
  package init(timeToLive: Duration, limit: Int = limit) {
    self.timeToLive = timeToLive
    self.limit = max(1, limit)
  }

  /// How many are remembered now.
  package var count: Int { entries.count }

  /// The last has left a room.
  package mutating func insert(_ name: RoomName, _ end: RoomStart, now: Duration) {
    if entries.count >= limit, entries[name] == nil { makeSpace(now: now) }
    entries[name] = Entry(end: end, time: now)
  }

  /// It has members again, or has expired.
  package mutating func remove(_ name: RoomName) { entries[name] = nil }

  /// Where an empty room goes on.
  ///
  /// - Returns: `nil` for a private room that is not remembered, or whose time is over.
  package func start(of name: RoomName, now: Duration) -> RoomStart? {
    guard let entry = entries[name] else { return name.kind == .private ? nil : forgotten }
    guard name.kind != .private || now - entry.time < timeToLive else { return nil }
    return entry.end
  }

  /// Whether it is known how far this very room came, though its time may be over.
  package func remembers(_ name: RoomName) -> Bool { entries[name] != nil }

  /// All that can be entered again, how far each came, and when the last left it.
  package func all(now: Duration) -> [(name: RoomName, end: RoomStart, time: Duration)] {
    entries.filter { $0.key.kind != .private || now - $0.value.time < timeToLive }
      .map { ($0.key, $0.value.end, $0.value.time) }
  }

  /// Forgets the private rooms whose time is over and, if they were few, any others: a good part of all, since it
  /// goes through all of them.
  private mutating func makeSpace(now: Duration) {
    // Also those whose time is over: the history may still have them.
    hasForgottenPrivate = true
    entries = entries.filter { $0.key.kind != .private || now - $0.value.time < timeToLive }
    let surplus = entries.count - limit + max(1, limit / 8)
    guard surplus > 0 else { return }
    for (name, entry) in Array(entries.prefix(surplus)) {
      entries[name] = nil
      if name.kind != .private { forgotten = forgotten.joined(with: entry.end) }
    }
  }
}
