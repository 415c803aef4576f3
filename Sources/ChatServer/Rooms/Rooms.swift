internal import ChatCore
internal import ChatSystem

/// The rooms somebody is in, and those that can be entered.
///
/// Thread: any. Its lock takes no other, and is not held while a room is made.
final class Rooms: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  private enum Entry {
    /// Somebody is making it, or has left it as the last and notes how far it came: it can't be entered yet.
    case changing
    /// So many have entered it, or are about to.
    case open(Room, users: Int)
  }

  private let recorder: Recorder?
  private let readerTimeout: Duration
  private let clock: @Sendable () -> ClockReading

  private let lock = Lock()
  private let changed = Condition()
  private var entries: [RoomName: Entry] = [:]
  private var emptied: EmptiedRooms
  private var isClosed = false

  /// Makes the lobby.
  ///
  /// - Throws: `SystemError` if the system lacks memory for it.
  init(
    recorder: Recorder?, timeToLive: Duration, readerTimeout: Duration,
    clock: @escaping @Sendable () -> ClockReading
  ) throws {
    self.clock = clock
    self.recorder = recorder
    emptied = EmptiedRooms(timeToLive: timeToLive)
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
    let isLast = lock.withLock {
      guard case .open(_, let users) = entries[room.name] else { return false }
      entries[room.name] = users == 1 ? .changing : .open(room, users: users - 1)
      return users == 1
    }
    guard isLast else { return }
    // Nothing more is said there, and nobody makes it anew before its end is known.
    let end = room.end
    lock.withLock {
      entries[room.name] = nil
      emptied.insert(room.name, end, now: clock().sinceBoot)
      changed.broadcast()
    }
    guard room.name.kind == .private, let recorder else { return }
    recorder.noteEmpty(room.record.key) { self.lock.withLock { self.entries[room.name] == nil } }
  }

  /// Whether a room can be entered as it is.
  func exists(_ name: RoomName) -> Bool {
    guard name.kind == .private else { return true }
    let isKnown = lock.withLock {
      entries[name] != nil || emptied.start(of: name, now: clock().sinceBoot) != nil
    }
    return isKnown || recorder?.exists(name) == true
  }

  /// A private room is gone for good.
  func forget(_ name: RoomName) { lock.withLock { emptied.remove(name) } }

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

  /// The rooms that nobody is in, how far they came, and how long the system had run when the last left.
  var left: [(name: RoomName, end: RoomStart, sinceBoot: Duration)] {
    lock.withLock { emptied.all(now: clock().sinceBoot) }
      .map { ($0.name, $0.end, $0.time) }
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
        case .changing: changed.wait(lock)
        case .open(let room, let users):
          entries[name] = .open(room, users: users + 1)
          return room
        case nil:
          entries[name] = .changing
          return nil
        }
      }
    }
    if let found { return found }
    let made = Result { () throws(Refusal) in try make(name, mustExist: mustExist) }
    lock.withLock {
      switch made {
      case .success(let room):
        entries[name] = .open(room, users: 1)
        emptied.remove(name)
      case .failure: entries[name] = nil
      }
      changed.broadcast()
    }
    let room = try made.get()
    if lock.withLock({ isClosed }) { room.close() }
    return room
  }

  private func make(_ name: RoomName, mustExist: Bool) throws(Refusal) -> Room {
    let remembered = lock.withLock { emptied.start(of: name, now: clock().sinceBoot) }
    var start = remembered ?? RoomStart()
    if let recorder {
      let kept: RoomStart?
      do { kept = try recorder.open(name, mustExist: mustExist && remembered == nil) } catch {
        throw Refusal(.serverFull, "the history can't be read; try again later")
      }
      guard let kept else { throw .noSuchRoom }
      let key = kept.key
      start = start.joined(with: kept)
      // The one that was remembered may be of a history that was set aside.
      start.key = key
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
}

extension Refusal {
  /// A private room's code is not one.
  static let noSuchRoom = Refusal(.roomNotFound, "there is no room with this code")
}
