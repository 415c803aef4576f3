import ChatClientModel
import Testing

@Suite("AcceptBudget")
struct AcceptBudgetTests {
  private static func time(_ seconds: Int64) -> Moment { .seconds(seconds) }

  @Test("one file is limited, and so is the sum of any hour")
  func hour() {
    var budget = AcceptBudget(fileBytes: 1_000)
    #expect(budget.accept(1_001, now: Self.time(0)) == .tooLarge)
    for second in 0..<10 { #expect(budget.accept(1_000, now: Self.time(Int64(second))) == nil) }
    #expect(budget.accept(1, now: Self.time(10)) == .tooMuch)
    #expect(budget.accept(1, now: Self.time(3_599)) == .tooMuch)
    // The first is an hour old.
    #expect(budget.accept(600, now: Self.time(3_600)) == nil)
    #expect(budget.accept(401, now: Self.time(3_600)) == .tooMuch)
    #expect(budget.accept(400, now: Self.time(3_600)) == nil)
    #expect(budget.accept(1_001, now: Self.time(100_000)) == .tooLarge)
    #expect(budget.accept(1_000, now: Self.time(100_000)) == nil)
  }

  @Test("a thousand tiny or empty files are accepted in an hour", arguments: [0, 1, 9])
  func tiny(_ size: UInt64) {
    for limit: UInt64 in [1_000, 16_000_000] {
      var budget = AcceptBudget(fileBytes: limit)
      let accepted = (0..<5_000).count { _ in budget.accept(size, now: Self.time(0)) == nil }
      #expect(accepted == 1_000)
      #expect(budget.accept(size, now: Self.time(3_600)) == nil)
    }
  }

  @Test("a budget of 0 accepts nothing; the largest one does not overflow")
  func ends() {
    var none = AcceptBudget(fileBytes: 0)
    #expect(!none.acceptsAny)
    #expect(none.accept(0, now: Self.time(0)) == .tooLarge)
    var all = AcceptBudget(fileBytes: .max)
    #expect(all.accept(.max, now: Self.time(0)) == nil)
    #expect(all.accept(.max, now: Self.time(0)) == .tooMuch)
    #expect(all.accept(.max, now: Self.time(3_600)) == nil)
  }
}
