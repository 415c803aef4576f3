internal import ChatClientModel
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
    /// When the server was heard of last over the talk's connection.
    var lastSign = MonotonicTime.now
  }

  private let state = Guarded(State())
  /// Whether transfers may wait.
  private let waits: Bool

  /// Asks the server for a sign.
  private let ask: @Sendable () -> Void

  /// - Parameters:
  ///   - waits: whether transfers may wait. One that would have to, and may not, ends.
  ///   - ask: asks the server for a sign that it lives.
  init(waits: Bool, ask: @escaping @Sendable () -> Void) { (self.waits, self.ask) = (waits, ask) }

  /// The server tells of itself.
  func note(_ change: (inout Session) -> Void) { state.withLock { change(&$0.session) } }

  /// Whether transfers may go on.
  var isOpen: Bool { state.withLock { $0.isOpen } }

  /// What is known of the server.
  var session: Session { state.withLock { $0.session } }

  /// Transfers may go on.
  func open() {
    state.withLock { ($0.isOpen, $0.lastSign) = (true, .now) }
    state.wake()
  }

  /// The server was heard of.
  func noteSign() {
    state.withLock { $0.lastSign = .now }
    state.wake()
  }

  /// Transfers that break off wait.
  func close() { state.withLock { $0.isOpen = false } }

  /// Waits until a transfer may go on.
  ///
  /// - Parameter attempts: what has gone wrong; `nil` before the first attempt.
  /// - Returns: `nil` if it is to end.
  func pass(_ transfer: TransferControl, after attempts: TransferAttempts? = nil) -> Session? {
    guard waits else {
      return state.withLock { $0.isOpen && !transfer.isCancelled ? $0.session : nil }
    }
    let start = MonotonicTime.now
    guard transfer.wait(for: attempts?.pause ?? .zero) else { return nil }
    let needsSign = attempts?.needsSign == true
    // One that is opened later has had its sign.
    if needsSign, isOpen { ask() }
    while !transfer.isCancelled {
      let session = state.wait(until: .now + Self.interval) {
        $0.isOpen && (!needsSign || $0.lastSign > start) ? $0.session : nil
      }
      if let session { return transfer.isCancelled ? nil : session }
    }
    return nil
  }
}
