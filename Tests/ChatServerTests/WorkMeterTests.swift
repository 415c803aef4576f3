import ChatServer
import TestKit
import Testing

@Suite("WorkMeter")
struct WorkMeterTests {
  @Test("a millisecond of the processor is a token; what is left over counts the next time")
  func tokens() {
    var meter = WorkMeter(at: 5_000_000)
    #expect(meter.tokens(at: 5_900_000) == 0)
    #expect(meter.tokens(at: 7_400_000) == 2)
    #expect(meter.tokens(at: 7_900_000) == 0)
    #expect(meter.tokens(at: 8_000_000) == 1)
    #expect(meter.tokens(at: 1) == 0)
  }
}
