internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// Decodes what a server sends: lines.
///
/// Thread: one at a time.
///
/// Limit: no more is buffered than what one read brings, and one line.
final class Receiver: @unchecked Sendable {
  // Safety: confined to the main thread until the receive thread starts, to that one from then on.

  /// One thing that came.
  enum Item {
    case line(ServerLine)
    /// The mailbox has ended the wait.
    case signal
  }

  private let stream: any ClientTransport
  private let clock: ClientClock
  private var framer = LineFramer(limit: Limits.serverLineBytes)
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var greeting = Greeting()
  private var items: [Item] = []
  private var next = 0

  init(stream: any ClientTransport, clock: ClientClock) {
    (self.stream, self.clock, lastReceipt) = (stream, clock, clock.now)
  }

  /// Whether the next item is decoded already.
  var hasNext: Bool { next < items.count }

  /// Whether the connection has ended, however it did.
  private(set) var isAtEnd = false

  /// When something came last.
  private(set) var lastReceipt: MonotonicTime

  /// What kind of server it is.
  var beginning: Greeting.Verdict { greeting.verdict }

  /// Whether the server asks for a nickname without ending the line.
  var isAskedWithoutEnd: Bool { greeting.isNickWithoutEnd }

  /// Waits for the next line of a handshake; `nil` when the connection has ended, however it did, or the time is
  /// over.
  func receive(until deadline: MonotonicTime) -> ServerLine? {
    while let item = item(until: deadline) {
      if case .line(let line) = item { return line }
    }
    return nil
  }

  /// Waits for the next item, or a signal; `nil` when the connection has ended, however it did, or the time is over.
  ///
  /// Bytes at the end without an LF are not a line: the connection broke inside it.
  ///
  /// - Parameter mailbox: whose signal ends the wait.
  func item(until deadline: MonotonicTime, or mailbox: TransferMailbox? = nil) -> Item? {
    while !hasNext {
      items.removeAll(keepingCapacity: true)
      next = 0
      guard beginning != .stranger else {
        isAtEnd = true
        return nil
      }
      let left = max(.zero, deadline - clock.now)
      if let mailbox {
        switch try? stream.waitUntilReadable(for: left, or: mailbox.wakeUp) {
        case .readable: break
        case .signalled: return .signal
        case .timeOver, nil: return nil
        }
      } else {
        guard (try? stream.waitUntilReadable(for: left)) == true else { return nil }
      }
      let count: Int
      switch try? stream.receiveIfReady(into: &buffer) {
      case .bytes(let received): count = received
      case .wouldBlock:
        guard clock.now < deadline else { return nil }
        continue
      case .end, nil:
        isAtEnd = true
        return nil
      }
      lastReceipt = clock.now
      greeting.take(buffer.span.extracting(0..<count))
      guard beginning != .stranger else { continue }
      cut(count)
      // Bytes without end that make no item do not extend the time.
      if !hasNext, clock.now >= deadline { return nil }
    }
    defer { next += 1 }
    return items[next]
  }

  /// Cuts what was received into items.
  private func cut(_ count: Int) {
    let chunk = buffer
    framer.feed(chunk.span.extracting(0..<count)) { frame in
      switch frame {
      case .line(let bytes): items.append(.line(ServerLine(bytes)))
      // A server that keeps the protocol sends none that are too long.
      case .tooLong: break
      case .bytes: break
      case .bytesEnd: break
      }
    }
  }
}
