internal import ChatCore
internal import ChatHistory
internal import ChatSystem

/// What a client asks of the past. The room's stream is kept back meanwhile, so that an answer comes in one
/// piece; the client's own thread reads the history, as fast as the client takes it.
extension Session {
  /// How much is read at once.
  private static let pieceBytes = 32_768
  private static let pieceLines = 512
  /// How many lines are searched for at once: what a client does not take is not kept for it.
  private static let foundLines = 16

  /// The last lines of the room, or the first after a number.
  func tellPast(of room: Room, count: Int, since: UInt64?, _ buffers: WorkBuffers) {
    flush(buffers)
    let end = room.pauseLog(of: peer) + 1
    do throws(HistoryError) {
      var start = since ?? 0
      if since == nil, count > 0, let history = room.history {
        room.waitUntilPublished()
        start = try history.sequence(beforeLast: count, before: end)
      }
      streamPast(of: room, after: start, before: end, limit: count, buffers)
    } catch {
      apologize()
      endPast()
    }
  }

  /// The lines of the room that hold all words, newest first.
  func tellFound(
    _ words: String, in room: Room, before: UInt64?, limit: Int, _ buffers: WorkBuffers
  ) {
    flush(buffers)
    var end = room.pauseLog(of: peer) + 1
    end = min(before ?? end, end)
    do throws(HistoryError) {
      if let history = room.history {
        room.waitUntilPublished()
        var left = limit
        while left > 0, charge(buffers) {
          let wanted = min(left, Self.foundLines)
          let found = try history.search(words, before: end, limit: wanted) { isWanted }
          insert(found)
          guard found.count == wanted, let last = found.last else { break }
          end = last.sequence
          left -= found.count
        }
      }
    } catch {
      apologize()
    }
    endPast()
  }

  /// Streams the lines between two numbers to the client, from whom the room's stream is kept back.
  func streamPast(
    of room: Room, after start: UInt64, before end: UInt64, limit: Int, _ buffers: WorkBuffers
  ) {
    do throws(HistoryError) {
      if let history = room.history {
        room.waitUntilPublished()
        var start = start
        var left = limit
        while left > 0, charge(buffers) {
          let lines = try history.lines(
            after: start, before: end, limit: min(left, Self.pieceLines),
            byteLimit: Self.pieceBytes)
          guard let last = lines.last else { break }
          insert(lines)
          start = last.sequence
          left -= lines.count
        }
      }
    } catch {
      apologize()
    }
    endPast()
  }

  private func insert(_ lines: [PastLine]) {
    guard !lines.isEmpty else { return }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * Self.pieceBytes)
    for line in lines {
      ServerLine.appendPast(
        line.bytes, sequence: line.sequence, time: Timestamp.text(line.timeMilliseconds),
        file: line.file, to: &bytes)
    }
    waitForSpace(for: bytes.count, toSplice: true) { peer.splice(bytes) }
    // Whoever was cut off meanwhile needs no more.
    reason = peer.interruptionReason ?? reason
  }

  private func apologize() {
    let line = ServerLine.notice("The history can't be read at the moment.").encoded()
    waitForSpace(for: line.count, toSplice: true) { peer.splice(line) }
  }

  private func endPast() {
    let line = ServerLine.pastEnd.encoded()
    waitForSpace(for: line.count, toSplice: true) { peer.splice(line) }
    peer.resumeLog()
  }
}
