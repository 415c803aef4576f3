import ChatServer
import ChatSystem
import TestKit
import Testing

@Suite("ClientBudget")
struct ClientBudgetTests {
  private static let start = MonotonicTime.now
  private static let line = Array("hello".utf8)

  @Test("a burst costs no time, and what is over it has to be waited for")
  func burst() {
    var budget = ClientBudget(rate: 2, now: Self.start)
    #expect(budget.take(20, now: Self.start) == .zero)
    #expect(budget.take(1, now: Self.start) == .milliseconds(500))
    #expect(budget.take(1, now: Self.start + .seconds(1)) == .zero)
  }

  @Test("without a limit nothing costs time")
  func noLimit() {
    var budget = ClientBudget(rate: 0, now: Self.start)
    #expect(budget.take(1_000_000, now: Self.start) == .zero)
  }

  @Test("a line costs a token, and so do 64 empty ones")
  func lines() {
    var budget = ClientBudget(rate: 1, now: Self.start)
    #expect(budget.tokens(forLine: Self.line.span) == 1)
    let empty: [UInt8] = []
    let costs = (1...128).map { _ in budget.tokens(forLine: empty.span) }
    #expect(costs.reduce(0, +) == 2)
    #expect(costs[63] == 1)
  }

  @Test(
    "a chunk costs as much as the longest lines it could hold, less what its lines have cost, and its files nothing"
  )
  func chunks() {
    var budget = ClientBudget(rate: 0, now: Self.start)
    budget.beginChunk()
    #expect(budget.tokens(forChunkOf: 16_384) == 2)
    _ = budget.take(1, now: Self.start)
    #expect(budget.tokens(forChunkOf: 16_384) == 1)
    budget.noteFileBytes(8_192)
    #expect(budget.tokens(forChunkOf: 16_384) == 0)
    budget.beginChunk()
    #expect(budget.tokens(forChunkOf: 16_384) == 2)
  }

  @Test("a millisecond of processor time is a token, and a rest counts the next time")
  func work() {
    var meter = WorkMeter(at: 5_000_000)
    #expect(meter.tokens(at: 5_900_000) == 0)
    #expect(meter.tokens(at: 7_400_000) == 2)
    #expect(meter.tokens(at: 7_900_000) == 0)
    #expect(meter.tokens(at: 8_000_000) == 1)
    #expect(meter.tokens(at: 1) == 0)
  }
}
