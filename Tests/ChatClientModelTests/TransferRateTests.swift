import ChatClientModel
import Testing

@Suite("TransferRate and TransferProgress")
struct TransferRateTests {
  private static func time(_ milliseconds: Int64) -> Moment { .milliseconds(milliseconds) }

  @Test("the rate is that of the last five seconds")
  func rate() {
    var rate = TransferRate(bytes: 1_000, at: Self.time(0))
    #expect(rate.bytesPerSecond(at: Self.time(0)) == 0)
    for second: Int64 in 1...10 {
      rate.note(1_000 + UInt64(second) * 100, at: Self.time(second * 1_000))
    }
    #expect(rate.bytesPerSecond(at: Self.time(10_000)) == 100)
    for second: Int64 in 11...20 { rate.note(2_000, at: Self.time(second * 1_000)) }
    #expect(rate.bytesPerSecond(at: Self.time(20_000)) == 0)
    rate.note(500, at: Self.time(21_000))
    rate.note(1_500, at: Self.time(22_000))
    #expect(rate.bytesPerSecond(at: Self.time(22_000)) == 1_000)
  }

  @Test("many samples cost no memory, and the greatest numbers do not trap")
  func bounds() {
    var rate = TransferRate(bytes: 0, at: Self.time(0))
    for tick: Int64 in 1...100_000 { rate.note(UInt64(tick), at: Self.time(tick)) }
    #expect(rate.bytesPerSecond(at: Self.time(100_000)) == 1_000)
    rate.note(.max, at: Self.time(100_001))
    _ = rate.bytesPerSecond(at: Self.time(100_001))
  }

  @Test(
    "in words",
    arguments: [
      (43, 100, 1, "↓ a 43 % 1 B/s 0:57 left"), (0, 0, 0, "↓ a 100 %"),
      (516_000_000, 1_200_000_000, 12_300_000, "↓ a 43 % 12 MB/s 0:56 left"),
      (0, 7_322_000, 1_000, "↓ a 0 % 1.0 kB/s 2:02:02 left"), (5, 10, 0, "↓ a 50 %"),
      (999, 1_000, 1_000, "↓ a 99 % 1.0 kB/s 0:01 left"),
      (0, UInt64.max, 1, "↓ a 0 % 1 B/s"), (UInt64.max, UInt64.max, 1, "↓ a 100 % 1 B/s 0:00 left"),
    ] as [(UInt64, UInt64, UInt64, String)])
  func words(_ bytes: UInt64, _ size: UInt64, _ rate: UInt64, _ text: String) {
    #expect(
      TransferProgress(.down, name: "a", bytes: bytes, size: size, bytesPerSecond: rate).text
        == text)
  }
}
