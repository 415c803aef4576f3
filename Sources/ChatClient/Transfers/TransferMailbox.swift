internal import ChatSystem

/// What other threads have to tell the receive thread about files: whoever waits for the server is woken.
///
/// Thread: any may post; the receive thread takes.
final class TransferMailbox: @unchecked Sendable {
  // Sound: `messages` is guarded by `lock`; the rest never changes.

  /// One message.
  enum Message: Sendable {
    // From the input.

    /// Send these files.
    case send([FilePath])
    /// Get a file.
    case get(String)
    /// End one transfer, or all.
    case cancel(String?)
    /// We leave now: what runs is given up.
    case leave
    /// A person types no more.
    case inputEnded

    // From the worker and the write thread, about the transfer of this number.

    /// What is here already of a download is hashed.
    case hashed(Int, Result<HashedPart, HashFailure>)
    /// A download is compared with its blocks' sums.
    case compared(Int, Result<HashedPart, HashFailure>)
    /// A file to send is opened and hashed.
    case prepared(Int, Result<PreparedFile, UploadFailure>)
    /// A file that is being sent can't be read any more, or has changed.
    case unreadable(token: String, reason: String)
  }

  private let lock = Lock()
  private var messages: [Message] = []
  /// Wakes the receive thread.
  let wakeUp: WakeUp

  /// Makes an empty one.
  init() throws(SystemError) { wakeUp = try WakeUp() }

  /// Adds a message.
  func post(_ message: Message) {
    lock.withLock { messages.append(message) }
    wakeUp.signal()
  }

  /// Whether somebody wants a file to come or go, and the receive thread has not seen it yet.
  var hasWishes: Bool {
    lock.withLock {
      messages.contains {
        switch $0 {
        case .send, .get: true
        default: false
        }
      }
    }
  }

  /// Takes all that have come.
  ///
  /// Thread: receive.
  func take() -> [Message] {
    wakeUp.clear()
    return lock.withLock {
      defer { messages = [] }
      return messages
    }
  }
}
