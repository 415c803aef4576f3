import ChatSystem
import Foundation

/// Threads of a test, one for each who takes part, until the server is gone.
package final class Cast: Sendable {
  private let ledger: Ledger
  private let running = Guarded(0)

  /// Makes one whose troubles a ledger notes.
  package init(_ ledger: Ledger) { self.ledger = ledger }

  /// Has somebody act until the connection ends. Any other error is a problem.
  package func start(_ name: String, _ body: @escaping () throws -> Void) {
    running.withLock { $0 += 1 }
    // Safety: whoever starts one waits for it, and touches what it uses only afterwards.
    nonisolated(unsafe) let body = body
    Thread { [self] in
      do { try body() } catch is Walker.End {} catch { ledger.report("\(name): \(error)") }
      running.withLock { $0 -= 1 }
    }.start()
  }

  /// Waits until all have ended.
  package func waitForAll(within limit: Duration = .seconds(120)) throws {
    try eventually("everyone has ended", within: limit) { running.withLock { $0 } == 0 }
  }
}
