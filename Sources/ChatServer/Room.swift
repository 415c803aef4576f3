internal import ChatCore
internal import ChatSystem

/// A room: its log, its broadcaster, and who is in it.
///
/// Thread: any. Who is in it is guarded by the log's lock, so that joining, leaving and renaming
/// happen at the very line that tells of them.
final class Room: @unchecked Sendable {
  // Sound: everything that changes is guarded by the log's lock.

  /// How many bytes of a room are kept for its readers: what a slow one may lag behind.
  private static let logCapacity = 4 * 1_024 * 1_024

  /// The room's name.
  let name: String

  private let log: RoomLog
  private let broadcaster: Broadcaster

  private var names: [String: String] = [:]

  /// Makes an empty room.
  ///
  /// - Throws: `SystemError` if the system lacks memory or descriptors for it.
  init(name: String) throws {
    self.name = name
    log = try RoomLog(capacity: Self.logCapacity)
    broadcaster = try Broadcaster(log: log)
  }

  // MARK: The stream

  /// Says lines to everyone, waiting while the room is full.
  ///
  /// - Returns: false if the room is closed; nobody will see the lines then.
  func say(_ bytes: [UInt8], lines: Int) -> Bool {
    append(bytes, lines: lines)
  }

  /// Lets somebody in, who sees the room from its own join on.
  ///
  /// - Parameter greeting: the lines for the newcomer alone, right after its join: made of the
  ///   number of the room's line that tells of it, and of how many are in the room with it.
  /// - Returns: false if the room is closed.
  func join(
    _ peer: Peer, as nickname: Nickname, greeting: (_ sequence: UInt64, _ members: Int) -> [UInt8]
  ) -> Bool {
    append(ServerLine.joined(nickname.text).encoded(), lines: 1, newcomer: peer) { mark in
      names[nickname.key] = nickname.text
      peer.post(greeting(mark.sequence, names.count), at: mark.end)
    }
  }

  /// Tells everyone of a new nickname.
  ///
  /// - Returns: false if the room is closed.
  func rename(_ old: Nickname, to new: Nickname) -> Bool {
    append(ServerLine.renamed(from: old.text, to: new.text).encoded(), lines: 1) { _ in
      names[old.key] = nil
      names[new.key] = new.text
    }
  }

  /// Sees somebody off: who leaves gets the room up to here, then `lastLine`, then the end; the
  /// others are told.
  func leave(_ peer: Peer, as nickname: Nickname, lastLine: [UInt8]) {
    let wasTold = append(ServerLine.left(nickname.text).encoded(), lines: 1) { mark in
      names[nickname.key] = nil
      peer.finish(lastLine, at: mark.start)
    }
    if !wasTold {
      // The room is closed: everyone leaves at once, and nobody is told of anyone.
      peer.finish(lastLine, at: log.head)
      broadcaster.wake()
    }
  }

  private func append(
    _ bytes: [UInt8], lines: Int, newcomer: Peer? = nil,
    _ whileLocked: (RoomLog.Mark) -> Void = { _ in }
  ) -> Bool {
    let isIn = log.append(
      bytes, lines: lines, newcomer: newcomer, whenFull: broadcaster.wake, whileLocked)
    if isIn { broadcaster.wake() }
    return isIn
  }

  // MARK: One member

  /// Tells a member something, after all that the room said so far.
  ///
  /// - Returns: false if too much waits for it already.
  func tell(_ peer: Peer, _ bytes: [UInt8]) -> Bool {
    guard peer.post(bytes, in: log) else { return false }
    broadcaster.wake()
    return true
  }

  /// Cuts a member off that does not read what it asked for.
  func cut(_ peer: Peer) { broadcaster.cut(peer) }

  /// Lets go of a member whose time to take its last lines is over.
  func drop(_ peer: Peer) { broadcaster.drop(peer) }

  /// Tells a member where it is: `line` is made of the number of the room's last line, and of how many
  /// are here.
  ///
  /// - Returns: false if too much waits for it already.
  func tellWhereabouts(
    _ peer: Peer, line: (_ sequence: UInt64, _ members: Int) -> ServerLine
  ) -> Bool {
    let isPosted = log.withLock { sequence in
      peer.post(line(sequence, names.count).encoded(), in: log)
    }
    if isPosted { broadcaster.wake() }
    return isPosted
  }

  // MARK: Who is here

  /// How many are here.
  var memberCount: Int { log.withLock { _ in names.count } }

  /// Who is here, sorted.
  var memberNames: [String] {
    // Nobody waits for the sorting.
    log.withLock { _ in Array(names.values) }.sorted()
  }

  // MARK: The end

  /// Ends the room: what was said is delivered, nothing more is.
  func close() { log.close() }
}
