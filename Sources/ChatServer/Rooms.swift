internal import ChatCore
internal import ChatSystem

/// The rooms somebody is in, and those that can be entered.
///
/// Thread: any. Its lock takes no other, and is not held while a room is made.
final class Rooms: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How many rooms without a history may wait for their people to come back.
  private static let rememberedRooms = 100_000

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
  /// Rooms that nobody is in and no history knows, how far they came, and when the last left them.
  private var emptied: [RoomName: (start: RoomStart, time: MonotonicTime)] = [:]
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
    let end = room.end
    let isEmpty = lock.withLock {
      guard case .open(_, let users) = entries[room.name] else { return false }
      guard users == 1 else {
        entries[room.name] = .open(room, users: users - 1)
        return false
      }
      entries[room.name] = nil
      if end.key == 0 { remember(room.name, end) }
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
    if remembered(name) != nil { return true }
    return recorder?.exists(name) == true
  }

  /// How far a room came that no history knows; `nil` if it is not remembered, or its time is over.
  private func remembered(_ name: RoomName) -> RoomStart? {
    guard let room = lock.withLock({ emptied[name] }) else { return nil }
    let isOver = name.kind == .private && MonotonicTime.now - room.time >= timeToLive
    return isOver ? nil : room.start
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

  /// The rooms that somebody is in.
  var open: [Room] {
    lock.withLock {
      entries.values.compactMap { entry in
        if case .open(let room, _) = entry { room } else { nil }
      }
    }
  }

  /// Ends all rooms: nothing more is said.
  func close() {
    lock.withLock { isClosed = true }
    for room in open { room.close() }
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
    let remembered = remembered(name)
    var start = remembered ?? RoomStart()
    if let recorder {
      let kept: RoomStart?
      do { kept = try recorder.open(name, mustExist: mustExist && remembered == nil) } catch {
        throw Refusal(.serverFull, "the history can't be read; try again later")
      }
      guard let kept else { throw .noSuchRoom }
      start = RoomStart(
        sequence: max(start.sequence, kept.sequence),
        position: max(start.position, kept.position), key: kept.key)
    } else if mustExist, remembered == nil {
      throw .noSuchRoom
    }
    do {
      return try Room(
        name, start: start, recorder: recorder, readerTimeout: readerTimeout)
    } catch {
      throw Refusal(.serverFull, "the server has no memory for one more room")
    }
  }

  /// Remembers how far a room came, under the lock.
  private func remember(_ name: RoomName, _ end: RoomStart) {
    let now = MonotonicTime.now
    if emptied.count >= Self.rememberedRooms {
      emptied = emptied.filter { now - $0.value.time < timeToLive }
      // Of too many, any one is forgotten.
      if emptied.count >= Self.rememberedRooms, let any = emptied.keys.first { emptied[any] = nil }
    }
    emptied[name] = (end, now)
  }
}

extension Refusal {
  /// A private room's code is not one.
  static let noSuchRoom = Refusal(.roomNotFound, "there is no room with this code")
}
