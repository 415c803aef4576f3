internal import ChatCore
internal import ChatSystem

/// The lines a server sends, one after another.
///
/// Thread: one at a time.
final class Receiver: @unchecked Sendable {
  // Sound: the main thread uses it until the receive thread starts, which does from then on.

  private let stream: Stream
  private var framer = LineFramer(limit: Limits.serverLineBytes)
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var lines: [ServerLine] = []
  private var next = 0

  init(stream: Stream) { self.stream = stream }

  /// Whether the next line is here already.
  var hasNext: Bool { next < lines.count }

  /// Whether the connection has ended, however it did.
  private(set) var isAtEnd = false

  /// Waits for the next line; `nil` when the connection has ended, however it did, or the time is
  /// over.
  ///
  /// What comes last without an LF is no line: the connection broke inside it.
  func receive(until deadline: MonotonicTime? = nil) -> ServerLine? {
    while !hasNext {
      lines.removeAll(keepingCapacity: true)
      next = 0
      if let deadline {
        let left = max(.zero, deadline - .now)
        guard (try? stream.waitUntilReadable(for: left)) == true else { return nil }
      }
      guard let count = try? stream.receive(into: &buffer), count > 0 else {
        isAtEnd = true
        return nil
      }
      let chunk = buffer
      framer.feed(chunk.span.extracting(0..<count)) { frame in
        switch frame {
        case .line(let line): lines.append(ServerLine(line))
        // A server that keeps the protocol sends none.
        case .tooLong: break
        case .bytes: break
        case .bytesEnd: break
        }
      }
    }
    defer { next += 1 }
    return lines[next]
  }
}
