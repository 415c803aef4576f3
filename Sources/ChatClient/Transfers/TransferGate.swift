internal import ChatSystem

/// Lets transfers go on as long as the talk is connected, and has closed the gap: they wait here before each attempt.
///
/// Thread: any waits; the receive thread opens and closes.
final class TransferGate: Sendable {
  /// What a transfer has to know of the connection.
  struct Session: Sendable, Equatable {
    /// The bearer token; `nil` if the server takes no files by HTTP.
    var token: String?
    var room = ""
    /// The largest file that the server takes; 0 if it takes none.
    var mostBytes: UInt64 = 0
  }

  /// How often a waiting transfer looks whether it is to end.
  private static let interval: Duration = .milliseconds(100)

  private struct State {
    var session = Session()
    var isOpen = false
  }

  private let state = Guarded(State())
  /// Whether transfers may wait.
  private let waits: Bool

  /// - Parameter waits: whether transfers may wait. One that would have to, and may not, ends.
  init(waits: Bool) { self.waits = waits }

  /// The server tells of itself.
  func note(_ change: (inout Session) -> Void) { state.withLock { change(&$0.session) } }

  /// What is known of the server.
  var session: Session { state.withLock { $0.session } }

  /// Transfers may go on.
  func open() {
    state.withLock { $0.isOpen = true }
    state.wake()
  }

  /// Transfers that break off wait.
  func close() { state.withLock { $0.isOpen = false } }

  /// Waits until a transfer may go on.
  ///
  /// - Parameter pause: how long at least.
  /// - Returns: `nil` if it is to end.
  func pass(_ transfer: TransferControl, after pause: Duration = .zero) -> Session? {
    guard waits else {
      return state.withLock { $0.isOpen && !transfer.isCancelled ? $0.session : nil }
    }
    guard transfer.wait(for: pause) else { return nil }
    while !transfer.isCancelled {
      let session = state.wait(until: .now + Self.interval) { $0.isOpen ? $0.session : nil }
      if let session { return transfer.isCancelled ? nil : session }
    }
    return nil
  }
}
