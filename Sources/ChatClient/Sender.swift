internal import ChatCore
internal import ChatSystem

/// Sends lines to the server: the write thread's all, and a few short ones of the receive thread's.
///
/// Thread: any. Whole calls never mix. The receive thread must not wait for the socket, or nobody
/// would read what the server waits to get rid of; what it has to say waits for the write thread
/// then.
final class Sender: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  private let stream: Stream
  private let lock = Lock()
  private var isSending = false
  private var waiting: [UInt8] = []

  init(stream: Stream) { self.stream = stream }

  /// Sends bytes, waiting as long as it takes. If the connection is gone, the receive thread finds
  /// out, so nothing is reported here.
  ///
  /// Thread: the write thread, or the main thread before there is one.
  func send(_ bytes: [UInt8]) {
    var next = lock.withLock {
      isSending = true
      defer { waiting = [] }
      return waiting + bytes
    }
    while !next.isEmpty {
      try? stream.sendAll(next)
      next = lock.withLock {
        defer { waiting = [] }
        isSending = !waiting.isEmpty
        return waiting
      }
    }
  }

  /// Sends a short line without waiting: now, or after what is being sent.
  ///
  /// Thread: the receive thread.
  func post(_ line: TaggedLine) {
    let bytes = line.encoded()
    lock.withLock {
      guard !isSending, waiting.isEmpty else {
        // A server that asks without end is answered no more than this.
        if waiting.count < 65_536 { waiting.append(contentsOf: bytes) }
        return
      }
      let sent = (try? bytes.span.withUnsafeBytes { try stream.send($0) }) ?? 0
      waiting = Array(bytes[sent...])
    }
  }
}
