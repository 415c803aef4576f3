package import ChatCore
internal import ChatFiles
internal import ChatSystem

/// A room: its log, its broadcaster, its history, and its members.
///
/// Thread: any. Its members change under the log's lock, so that they join, leave and are renamed at the very line that
/// tells of it. Lock order: the log's, then the members', then a peer's.
package final class Room: RoomStream {
  /// How many bytes the ring holds: the lobby's and where no history is kept, and the others', of which there may be as
  /// many as clients.
  private static let largeLog = 4 * 1_024 * 1_024
  private static let smallLog = 256 * 1_024

  /// The room's name.
  package let name: RoomName

  /// The room's stream.
  package let log: RoomLog

  /// Its history, to read; `nil` where nothing is kept.
  let history: RoomHistory?

  private let broadcaster: Broadcaster
  private let journal: RoomJournal?
  private let metrics: Metrics

  private struct Member {
    let name: String
    let peer: Peer
  }

  /// By the nickname's key.
  private let members = Guarded<[String: Member]>([:])

  /// Makes an empty room.
  ///
  /// - Parameters:
  ///   - start: how far it came before.
  ///   - history: keeps its lines; `nil` where nothing is kept.
  /// - Throws: `SystemError` if the system lacks memory or descriptors for it.
  init(
    _ name: RoomName, start: RoomStart, history: History?, readerTimeout: Duration,
    metrics: Metrics
  ) throws {
    self.name = name
    self.metrics = metrics
    let capacity = history == nil || name == .lobby ? Self.largeLog : Self.smallLog
    let log = try RoomLog(
      capacity: capacity, position: start.position, sequence: start.sequence,
      isDurable: history?.groupSync != nil)
    self.log = log
    self.history = history.map { RoomHistory($0.queries, room: name.text) }
    let broadcaster = Broadcaster(
      log: log, history: self.history, readerTimeout: readerTimeout, metrics: metrics)
    self.broadcaster = broadcaster
    journal = history.map {
      RoomJournal(name, log: log, history: $0) { broadcaster.wake() }
    }
  }

  // MARK: The stream

  /// The position after the last line.
  package var head: UInt64 { log.head }

  /// Has all members sent what is new.
  package func wakeBroadcaster() { broadcaster.wake() }

  /// Says lines to all members, waiting while the log is full.
  ///
  /// - Returns: false if the room is closed; nothing was said then.
  package func say(_ bytes: [UInt8], lines: Int) -> Bool {
    append(bytes, lines: lines)
  }

  /// Adds a member, which is sent the stream from its own join on.
  ///
  /// - Parameters:
  ///   - isPaused: whether its stream is paused after the greeting, for a history query.
  ///   - greeting: the lines for the newcomer alone, right after its join: made of the number of the room's line that
  ///     tells of it, and of how many members there are.
  ///   - whenIn: called when more can be enqueued for it.
  /// - Returns: false if the room is closed.
  package func join(
    _ peer: Peer, as nickname: Nickname, isPaused: Bool = false,
    greeting: (_ sequence: UInt64, _ members: Int) -> [UInt8], whenIn: () -> Void = {}
  ) -> Bool {
    append(
      RoomLine.joined(nickname.text).encoded(), lines: 1, newcomer: Subscriber(peer)
    ) { mark in
      let count = members.withLock {
        $0[nickname.key] = Member(name: nickname.text, peer: peer)
        return $0.count
      }
      // What was enqueued on the way from its last room comes after the greeting.
      let line = greeting(mark.sequence, count)
      peer.enter(self, at: mark.end, greeting: line)
      if isPaused { peer.pauseLog(at: mark.end) }
      whenIn()
    }
  }

  /// Gives a member another nickname, and tells all.
  ///
  /// - Returns: false if the room is closed.
  package func rename(_ old: Nickname, to new: Nickname) -> Bool {
    append(RoomLine.renamed(from: old.text, to: new.text).encoded(), lines: 1) { _ in
      members.withLock {
        guard let member = $0.removeValue(forKey: old.key) else { return }
        $0[new.key] = Member(name: new.text, peer: member.peer)
      }
    }
  }

  /// Removes a member that leaves: it is sent the stream up to here, then `lastLine`, then the end; the others are told.
  package func leave(_ peer: Peer, as nickname: Nickname, lastLine: [UInt8]) {
    let wasTold = append(RoomLine.left(nickname.text).encoded(), lines: 1) { mark in
      remove(nickname)
      peer.finish(lastLine, at: mark.start)
    }
    if !wasTold {
      // The room is closed: all leave at once, and none is told.
      peer.finish(lastLine, at: log.head)
      broadcaster.wake()
    }
  }

  /// Removes a member that goes to another room: it is sent this one's stream up to here, and no last line.
  ///
  /// - Returns: false if the room is closed.
  package func moveOut(_ peer: Peer, as nickname: Nickname) -> Bool {
    append(RoomLine.left(nickname.text).encoded(), lines: 1) { mark in
      remove(nickname)
      peer.leaveRoom(at: mark.start)
    }
  }

  /// Announces a file: in the stream, then to each member how to get it, but for a sender that reads no tagged lines.
  ///
  /// - Returns: how many besides the sender were offered it in a tagged line, and the number of the line; `nil` if the
  ///   room is closed.
  func announce(_ file: SharedFile, by sender: Peer) -> (offered: Int, sequence: UInt64)? {
    let size = ByteCount.text(file.sizeBytes)
    let line = RoomLine.sent(by: file.sender, file: file.name, size: size)
    let offer = TransferLine.file(file).encoded()
    var offered = 0
    var sequence: UInt64 = 0
    let isIn = append(line.encoded(), lines: 1, announcing: file) { mark in
      sequence = mark.sequence
      for member in members.withLock({ Array($0.values) }) {
        if member.peer.speaksVersion1 {
          switch member.peer.enqueue(offer, at: mark.end) {
          case .queued: if member.peer !== sender { offered += 1 }
          // A slow reader finds it in the list of files.
          case .full, .absent: break
          }
        } else if member.peer !== sender {
          switch member.peer.enqueue(Self.notice(of: file, to: member.peer), at: mark.end) {
          case .queued, .full, .absent: break
          }
        }
      }
    }
    return isIn ? (offered, sequence) : nil
  }

  /// Tells a client that reads no tagged lines how to get a file. What the sender chose stands last, where it can pose as
  /// nothing else.
  private static func notice(of file: SharedFile, to peer: Peer) -> [UInt8] {
    let link = peer.links.map { " or open \($0.link(to: file))" } ?? ""
    return ControlLine.notice("Type [GET]:\(file.id)\(link) to get \(file.name).").encoded()
  }

  private func remove(_ nickname: Nickname) {
    members.withLock {
      $0[nickname.key] = nil
      // The space of thousands is given back.
      if $0.isEmpty { $0 = [:] }
    }
  }

  private func append(
    _ bytes: [UInt8], lines: Int, announcing file: SharedFile? = nil,
    newcomer: Subscriber? = nil, _ whileLocked: (RoomLog.Mark) -> Void = { _ in }
  ) -> Bool {
    guard let journal else {
      let isIn = log.append(
        bytes, lines: lines, newcomer: newcomer, whenFull: broadcaster.wake, whileLocked)
      if isIn { broadcaster.wake() }
      if isIn { metrics.linesSaid.add(UInt64(lines)) }
      return isIn
    }
    let entry = journal.entry(bytes, lines: lines, announcing: file)
    let isIn = log.append(
      bytes, lines: lines, newcomer: newcomer, keep: { journal.append(entry, $0) },
      whenFull: broadcaster.wake, whileLocked)
    if isIn { journal.publishSoon() }
    if isIn { metrics.linesSaid.add(UInt64(lines)) }
    return isIn
  }

  // MARK: One member

  /// Ends the connection of a member whose time to read its last lines is over.
  package func drop(_ peer: Peer) { broadcaster.drop(peer) }

  /// Tells a member where it is: `line` is made of the number of the room's last line, and of how many members there are.
  func enqueueWhereabouts(
    _ peer: Peer, line: (_ sequence: UInt64, _ members: Int) -> ServerLine
  ) -> Outbox.Enqueueing {
    log.withLock { sequence in peer.enqueue(line(sequence, memberCount).encoded()) }
  }

  /// Pauses a member's stream after what the room has said so far.
  ///
  /// - Returns: the number of the last line before.
  package func pauseLog(of peer: Peer) -> UInt64 {
    log.withLock { sequence in
      peer.pauseLog(at: log.head)
      return sequence
    }
  }

  // MARK: Members

  /// How far it has come.
  package var end: RoomStart {
    log.withLock { RoomStart(sequence: $0, position: log.head) }
  }

  /// How many members there are.
  package var memberCount: Int { members.withLock { $0.count } }

  /// The nickname of a member; `nil` if it is none.
  func nickname(of peer: Peer) -> String? {
    members.withLock { $0.values.first { $0.peer === peer }?.name }
  }

  /// The members' nicknames, sorted.
  package var memberNames: [String] {
    // Under the log's lock, so that a member is named only after its join was sent; sorted outside.
    log.withLock { _ in members.withLock { $0.values.map(\.name) } }.sorted()
  }

  // MARK: The end

  /// Ends the room: what was said is delivered, nothing more is.
  package func close() { log.close() }
}
