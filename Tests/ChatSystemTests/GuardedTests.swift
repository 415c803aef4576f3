import ChatSystem
import Testing

@Suite("Guarded")
struct GuardedTests {
  private struct State {
    var count = 0
    var copy = 0
  }

  private struct Refused: Error, Equatable {}

  /// What threads share.
  private final class Shared: Sendable {
    let state = Guarded(State())
  }

  @Test(
    "threads that change the state at once see no half of another's change, and the waiter sees the last"
  )
  func contention() throws {
    let shared = Shared()
    for _ in 0..<4 {
      try SystemThread.start(named: "adder") {
        for _ in 0..<10_000 {
          let isWhole = shared.state.withLock { state in
            defer { state.count += 1 }
            defer { state.copy += 1 }
            return state.count == state.copy
          }
          guard isWhole else { return }
        }
        shared.state.wake()
      }
    }
    let end = shared.state.wait(until: .now + .seconds(60)) { $0.count == 40_000 ? $0.copy : nil }
    #expect(end == 40_000)
  }

  @Test("a waiter gets what another thread brings")
  func waiting() throws {
    let shared = Shared()
    try SystemThread.start(named: "bringer") {
      shared.state.withLock { $0.count = 7 }
      shared.state.wake()
    }
    #expect(shared.state.wait { $0.count > 0 ? $0.count : nil } == 7)
  }

  @Test("a moment that has come ends the wait, after a last look")
  func deadline() {
    let state = Guarded(State())
    let result: Int? = state.wait(until: .now) {
      $0.count += 1
      return nil
    }
    #expect(result == nil)
    #expect(state.withLock { $0.count } == 2)
  }

  @Test("an error keeps its type, and opens the lock")
  func failure() {
    let state = Guarded(State())
    do throws(Refused) {
      try state.withLock { (state) throws(Refused) in
        state.count = 1
        throw Refused()
      }
      Issue.record("nothing was thrown")
    } catch {
      #expect(error == Refused())
    }
    #expect(state.withLock { $0.count } == 1)
  }

  @Test("state that needs a wide alignment has it")
  func alignment() {
    let state = Guarded(SIMD64<UInt8>(repeating: 1))
    state.withLock { $0 &+= 1 }
    #expect(state.withLock { $0 } == SIMD64(repeating: 2))
  }

  @Test("the state ends with its owner")
  func end() {
    final class Token: Sendable {}
    weak var token: Token?
    do {
      let state = Guarded<Token?>(Token())
      token = state.withLock { $0 }
      #expect(token != nil)
    }
    #expect(token == nil)
  }
}
