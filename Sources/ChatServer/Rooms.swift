internal import ChatCore
internal import ChatSystem

/// The rooms somebody is in, and those that can be entered.
///
/// Thread: any. Its lock takes no other, and is not held while a room is made.
final class Rooms: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How many private rooms without a history may wait for their people to come back.
  private static let rememberedCodes = 100_000

  private enum Entry {
    /// Somebody is making it.
    case inTheMaking
    /// So many have entered it, or are about to.
    case open(Room, users: Int)
  }

  private let recorder: Recorder?
  private let timeToLive: Duration
  private let readerTimeout: Duration

  private let lock = Lock()
  private let changed = Condition()
  private var entries: [RoomName: Entry] = [:]
  /// Private rooms of a server that keeps nothing, and when the last left them.
  private var emptied: [RoomName: MonotonicTime] = [:]
  private var isClosed = false

  /// Makes the lobby.
  ///
  /// - Throws: `SystemError` if the system lacks memory for it.
  init(recorder: Recorder?, timeToLive: Duration, readerTimeout: Duration) throws {
    self.recorder = recorder
    self.timeToLive = timeToLive
    self.readerTimeout = readerTimeout
    entries[.lobby] = .open(try make(.lobby, mustExist: false), users: 1)
  }

  /// Counts the caller in.
  ///
  /// - Throws: `Refusal` with `roomNotFound`, or `serverFull` if there is no memory for the room.
  func enter(_ name: RoomName) throws(Refusal) -> Room {
    try enter(name, mustExist: name.kind == .private)
  }

  /// Makes a private room and counts the caller in.
  ///
  /// - Throws: `Refusal` with `serverFull` if there is no memory for it.
  func enterNew() throws(Refusal) -> Room {
    // getrandom(2), through the standard library.
    var generator = SystemRandomNumberGenerator()
    while true {
      let name = RoomName.code(using: &generator)
      if !exists(name) { return try enter(name, mustExist: false) }
    }
  }

  /// Counts the caller out: it has been sent the last of the room.
  func leave(_ room: Room) {
    let isEmpty = lock.withLock {
      guard case .open(_, let users) = entries[room.name] else { return false }
      guard users == 1 else {
        entries[room.name] = .open(room, users: users - 1)
        return false
      }
      entries[room.name] = nil
      if recorder == nil, room.name.kind == .private { remember(room.name) }
      return true
    }
    guard isEmpty, room.name.kind == .private, let past = room.past else { return }
    recorder?.noteEmpty(past) { self.lock.withLock { self.entries[room.name] == nil } }
  }

  /// Whether a room can be entered as it is.
  func exists(_ name: RoomName) -> Bool {
    guard name.kind == .private else { return true }
    return lock.withLock { entries[name] != nil } || waits(name)
  }

  /// Whether a private room that nobody is in waits for its people to come back.
  private func waits(_ name: RoomName) -> Bool {
    if let recorder { return recorder.exists(name) }
    guard let time = lock.withLock({ emptied[name] }) else { return false }
    return MonotonicTime.now - time < timeToLive
  }

  /// The public rooms that somebody is in, and how many are.
  var listed: [(name: String, members: Int)] {
    let rooms = lock.withLock {
      entries.values.compactMap { entry in
        if case .open(let room, _) = entry, room.name.kind != .private { room } else { nil }
      }
    }
    // The lobby is first: no letter comes before '#'.
    return rooms.map { ($0.name.text, $0.memberCount) }
      .filter { $0.1 > 0 || $0.0 == RoomName.lobby.text }
      .sorted { ($0.0 == "lobby" ? "" : $0.0) < ($1.0 == "lobby" ? "" : $1.0) }
  }

  /// Ends all rooms: nothing more is said.
  func close() {
    let rooms = lock.withLock {
      isClosed = true
      return entries.values.compactMap { entry in
        if case .open(let room, _) = entry { room } else { nil }
      }
    }
    for room in rooms { room.close() }
  }

  // MARK: Making one

  private func enter(_ name: RoomName, mustExist: Bool) throws(Refusal) -> Room {
    let found: Room? = lock.withLock {
      while true {
        switch entries[name] {
        case .inTheMaking: changed.wait(lock)
        case .open(let room, let users):
          entries[name] = .open(room, users: users + 1)
          return room
        case nil:
          entries[name] = .inTheMaking
          return nil
        }
      }
    }
    if let found { return found }
    let made = Result { () throws(Refusal) in try make(name, mustExist: mustExist) }
    lock.withLock {
      entries[name] = (try? made.get()).map { .open($0, users: 1) }
      emptied[name] = nil
      changed.broadcast()
    }
    let room = try made.get()
    if lock.withLock({ isClosed }) { room.close() }
    return room
  }

  private func make(_ name: RoomName, mustExist: Bool) throws(Refusal) -> Room {
    let start: (sequence: UInt64, position: UInt64)
    if let recorder {
      guard let kept = recorder.open(name, mustExist: mustExist) else {
        throw .noSuchRoom
      }
      start = kept
    } else {
      guard !mustExist || waits(name) else { throw .noSuchRoom }
      start = (0, 0)
    }
    do {
      return try Room(
        name, position: start.position, sequence: start.sequence, recorder: recorder,
        readerTimeout: readerTimeout)
    } catch {
      throw Refusal(.serverFull, "the server has no memory for one more room")
    }
  }

  /// Remembers a private room's code, under the lock.
  private func remember(_ name: RoomName) {
    let now = MonotonicTime.now
    if emptied.count >= Self.rememberedCodes {
      emptied = emptied.filter { now - $0.value < timeToLive }
      // Of too many, any one is forgotten.
      if emptied.count >= Self.rememberedCodes, let any = emptied.keys.first { emptied[any] = nil }
    }
    emptied[name] = now
  }
}

extension Refusal {
  /// A private room's code is not one.
  static let noSuchRoom = Refusal(.roomNotFound, "there is no room with this code")
}
