internal import ChatSystem

/// Messages of other threads to the receive thread, about files. A message ends its wait for the server.
///
/// Thread: any may post; the receive thread takes.
final class TransferMailbox: Sendable {
  /// One message.
  enum Message: Sendable {
    // From the input.

    /// Send these files.
    case send([FilePath])
    /// Get a file.
    case get(String)
    /// End one transfer, or all.
    case cancel(String?)
    /// The client leaves now: what runs is given up.
    case leave
    /// Nothing more is typed.
    case inputEnded

    // From the transfers' threads.

    /// The transfer of this number has ended.
    case ended(Int, TransferEnd)
    /// Something to display.
    case remark(String)
    /// The server is to show that it lives.
    case sign
  }

  private let messages = Guarded([Message]())
  /// Wakes the receive thread.
  let wakeUp: WakeUp

  /// Makes an empty one.
  init() throws(SystemError) { wakeUp = try WakeUp() }

  /// Adds a message.
  func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    wakeUp.signal()
  }

  /// Whether a file is wanted, or is to be sent, and the receive thread has not seen the message yet.
  var hasWishes: Bool {
    messages.withLock { messages in
      messages.contains {
        switch $0 {
        case .send, .get: true
        default: false
        }
      }
    }
  }

  /// Takes all messages.
  ///
  /// Thread: receive.
  func take() -> [Message] {
    wakeUp.clear()
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
