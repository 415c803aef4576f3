package import ChatCore
package import ChatSystem

/// The open rooms, and how far the rooms came that have no member now.
///
/// A room is opened by the first that enters it, and ended by the last that leaves. In between it counts its users: a
/// connection uses a room from before its join until it has been sent the last of its stream.
///
/// Thread: any. Its lock takes no other, and is not held while a room is made.
package final class RoomRegistry: Sendable {
  private enum Entry {
    /// It is being made, or its last user has left and notes how far it came: it can't be entered yet.
    case changing
    /// So many use it.
    case open(Room, users: Int)
  }

  private struct State {
    var entries: [RoomName: Entry] = [:]
    var emptied: EmptiedRooms
    /// Private rooms whose time is over, as long as something is left of them.
    var expiring: Set<RoomName> = []
    var isClosed = false

    var openRooms: [Room] {
      entries.values.compactMap { entry in
        if case .open(let room, _) = entry { room } else { nil }
      }
    }
  }

  private let history: History?
  private let readerTimeout: Duration
  private let metrics: Metrics
  private let clock: @Sendable () -> ClockReading
  private let state: Guarded<State>

  /// Makes the lobby.
  ///
  /// - Parameters:
  ///   - history: keeps what the rooms say; `nil` where nothing is kept.
  ///   - timeToLive: for how long a private room can be entered again.
  /// - Throws: `SystemError` if the system lacks memory for it.
  init(
    history: History?, timeToLive: Duration, readerTimeout: Duration, metrics: Metrics,
    clock: @escaping @Sendable () -> ClockReading
  ) throws {
    self.clock = clock
    self.metrics = metrics
    self.history = history
    self.readerTimeout = readerTimeout
    state = Guarded(State(emptied: EmptiedRooms(timeToLive: timeToLive)))
    let lobby = try make(.lobby, mustExist: false)
    state.withLock { $0.entries[.lobby] = .open(lobby, users: 1) }
  }

  /// Makes the lobby of a server that keeps no history.
  package convenience init(
    timeToLive: Duration, readerTimeout: Duration, metrics: Metrics = Metrics(),
    clock: @escaping @Sendable () -> ClockReading
  ) throws {
    try self.init(
      history: nil, timeToLive: timeToLive, readerTimeout: readerTimeout, metrics: metrics,
      clock: clock)
  }

  // MARK: Using a room

  /// Adds the caller to a room's users.
  ///
  /// - Throws: `Refusal` with `roomNotFound`, or `serverFull` if there is no memory for the room.
  package func enter(_ name: RoomName) throws(Refusal) -> Room {
    try enter(name, mustExist: name.kind == .private)
  }

  /// Makes a private room and adds the caller to its users.
  ///
  /// - Throws: `Refusal` with `serverFull` if there is no memory for it.
  package func enterNew() throws(Refusal) -> Room {
    // getrandom(2), through the standard library.
    var generator = SystemRandomNumberGenerator()
    while true {
      let name = RoomName.code(using: &generator)
      if !exists(name) { return try enter(name, mustExist: false) }
    }
  }

  private func enter(_ name: RoomName, mustExist: Bool) throws(Refusal) -> Room {
    // `nil` for the one that has to make it.
    let found: Room? = try state.wait { state throws(Refusal) -> Room?? in
      guard !state.expiring.contains(name) else { throw .noSuchRoom }
      switch state.entries[name] {
      case .changing: return nil
      case .open(let room, let users):
        state.entries[name] = .open(room, users: users + 1)
        return .some(room)
      case nil:
        state.entries[name] = .changing
        return .some(nil)
      }
    }
    if let found { return found }
    let made = Result { () throws(Refusal) in try make(name, mustExist: mustExist) }
    let isClosed = state.withLock { state in
      switch made {
      case .success(let room):
        state.entries[name] = .open(room, users: 1)
        state.emptied.remove(name)
      case .failure: state.entries[name] = nil
      }
      return state.isClosed
    }
    state.wake()
    let room = try made.get()
    if isClosed { room.close() }
    return room
  }

  /// Removes the caller from a room's users: it has been sent the last of the room's stream.
  package func leave(_ room: Room) {
    let isLast = state.withLock { state in
      guard case .open(_, let users) = state.entries[room.name] else { return false }
      state.entries[room.name] = users == 1 ? .changing : .open(room, users: users - 1)
      return users == 1
    }
    guard isLast else { return }
    // Nothing more is said there, and it is not recreated before its end is known.
    let end = room.end
    let now = clock().sinceBoot
    // It is known at any moment how far it came: a new history may begin now.
    state.withLock { $0.emptied.insert(room.name, end, now: now) }
    if room.name.kind == .private { history?.noteEmpty(room.name) }
    state.withLock { $0.entries[room.name] = nil }
    state.wake()
  }

  // MARK: Which there are

  /// Whether a room can be entered as it is.
  package func exists(_ name: RoomName) -> Bool {
    guard name.kind == .private else { return true }
    let now = clock().sinceBoot
    let isKnown: Bool? = state.withLock {
      if $0.expiring.contains(name) { return false }
      guard $0.entries[name] == nil, !$0.emptied.remembers(name) else {
        return $0.entries[name] != nil || $0.emptied.start(of: name, now: now) != nil
      }
      return nil
    }
    return isKnown ?? ((try? history?.stored(name, mayBeNew: false)) != nil)
  }

  /// A private room's time is over: it can't be entered from here on.
  ///
  /// - Returns: false if somebody is or was in it meanwhile, or is about to be.
  func beginExpiry(of name: RoomName) -> Bool {
    let now = clock().sinceBoot
    return state.withLock {
      guard $0.entries[name] == nil, $0.emptied.start(of: name, now: now) == nil else {
        return false
      }
      $0.emptied.remove(name)
      $0.expiring.insert(name)
      return true
    }
  }

  /// Nothing is left of a private room whose time was over.
  func endExpiry(of name: RoomName) { state.withLock { _ = $0.expiring.remove(name) } }

  /// The public rooms that have members, and how many: the lobby first, with or without.
  package var listed: [(name: String, members: Int)] {
    let rooms = open.filter { $0.name.kind != .private }
    return rooms.map { ($0.name.text, $0.memberCount) }
      .filter { $0.1 > 0 || $0.0 == RoomName.lobby.text }
      .sorted {
        ($0.0 == RoomName.lobby.text ? "" : $0.0) < ($1.0 == RoomName.lobby.text ? "" : $1.0)
      }
  }

  /// The open rooms.
  package var open: [Room] { state.withLock { $0.openRooms } }

  /// The rooms that nobody uses, how far each came, and how long the system had run when its last user left.
  var left: [(name: RoomName, end: RoomStart, sinceBoot: Duration)] {
    let now = clock().sinceBoot
    return state.withLock { $0.emptied.all(now: now) }.map { ($0.name, $0.end, $0.time) }
  }

  /// Ends all rooms: nothing more is said.
  package func close() {
    let rooms = state.withLock {
      $0.isClosed = true
      return $0.openRooms
    }
    for room in rooms { room.close() }
  }

  // MARK: Making one

  private func make(_ name: RoomName, mustExist: Bool) throws(Refusal) -> Room {
    let now = clock().sinceBoot
    var (start, isRemembered, mayBeForgotten) = state.withLock {
      (
        $0.emptied.start(of: name, now: now), $0.emptied.remembers(name),
        $0.emptied.hasForgottenPrivate
      )
    }
    // Otherwise it is known how far it came, and no disk has to be asked.
    if !isRemembered, let history {
      let stored: RoomStart?
      do {
        // One that was entered since the server started is remembered, unless there were too many.
        stored = try history.stored(name, mayBeNew: mustExist && mayBeForgotten)
      } catch {
        throw Refusal(.serverFull, "the history can't be read; try again later")
      }
      if let stored { start = start?.joined(with: stored) ?? stored }
    }
    guard let start = start ?? (mustExist ? nil : RoomStart()) else { throw .noSuchRoom }
    do {
      return try Room(
        name, start: start, history: history, readerTimeout: readerTimeout, metrics: metrics)
    } catch {
      throw Refusal(.serverFull, "the server has no memory for one more room")
    }
  }
}

extension Refusal {
  /// A private room's code is not one.
  static let noSuchRoom = Refusal(.roomNotFound, "there is no room with this code")
}
