internal import ChatCore
internal import ChatHistory
internal import ChatSystem

/// Answers history queries and searches.
///
/// The room's stream to the client is paused meanwhile, so that an answer comes in one piece. The client's own thread
/// reads the history, as fast as the client takes it.
///
/// Thread: the session's.
struct HistoryResponder {
  /// How much is read at once.
  private static let pieceBytes = 32_768
  private static let pieceLines = 512
  /// How many lines are searched for at once: what the client does not take is not kept in memory.
  private static let foundLines = 16

  private let client: ConnectedClient

  init(_ client: ConnectedClient) { self.client = client }

  /// Answers with the room's last lines, or the first after a number.
  func answer(in room: Room, count: Int, since: UInt64?) {
    client.flush()
    let end = room.pauseLog(of: client.peer) + 1
    respond(in: room) { history throws(HistoryError) in
      var start = since ?? 0
      if since == nil, count > 0 {
        start = try history.sequence(beforeLast: count, before: end)
      }
      try stream(history, after: start, before: end, limit: count)
    }
  }

  /// Answers with the room's lines that hold all words, newest first.
  func answerSearch(for words: String, in room: Room, before: UInt64?, limit: Int) {
    client.flush()
    var end = room.pauseLog(of: client.peer) + 1
    end = min(before ?? end, end)
    respond(in: room) { history throws(HistoryError) in
      var left = limit
      while left > 0, client.charge() {
        let wanted = min(left, Self.foundLines)
        let found = try history.search(words, before: end, limit: wanted) { client.isWanted }
        splice(found)
        guard found.count == wanted, let last = found.last else { break }
        end = last.sequence
        left -= found.count
      }
    }
  }

  /// Sends what the room said between two numbers to a client that has just joined, and whose stream is paused.
  func fillGap(in room: Room, after start: UInt64, before end: UInt64) {
    respond(in: room) { history throws(HistoryError) in
      try stream(history, after: start, before: end, limit: .max)
    }
  }

  /// Splices an answer into the paused stream, and resumes it.
  private func respond(in room: Room, _ body: (RoomHistory) throws(HistoryError) -> Void) {
    client.beginWork()
    if let history = room.history {
      if !history.waitUntilCurrent(while: { client.isWanted }) {
        client.splice(
          ControlLine.notice("What was said last can't be read at the moment.").encoded())
      }
      do throws(HistoryError) { try body(history) } catch {
        client.splice(ControlLine.notice("The history can't be read at the moment.").encoded())
      }
    }
    client.splice(ReplyLine.pastEnd.encoded())
    client.peer.resumeLog()
  }

  private func stream(
    _ history: RoomHistory, after start: UInt64, before end: UInt64, limit: Int
  ) throws(HistoryError) {
    var start = start
    var left = limit
    while left > 0, client.charge() {
      let lines = try history.lines(
        after: start, before: end, limit: min(left, Self.pieceLines), byteLimit: Self.pieceBytes)
      guard let last = lines.last else { break }
      splice(lines)
      start = last.sequence
      left -= lines.count
    }
  }

  private func splice(_ lines: [PastLine]) {
    guard !lines.isEmpty else { return }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * Self.pieceBytes)
    for line in lines {
      ReplyLine.appendPast(
        line.bytes, sequence: line.sequence, time: Timestamp.text(line.timeMilliseconds),
        file: line.file, to: &bytes)
    }
    client.splice(bytes)
    // A client that was cut meanwhile needs no more.
    client.noteInterruption()
  }
}
