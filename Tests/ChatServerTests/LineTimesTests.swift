import ChatServer
import Testing

@Suite("LineTimes")
struct LineTimesTests {
  @Test("a line has the time at which it was kept, to the second")
  func times() {
    var times = LineTimes()
    #expect(times.time(of: 1) == nil)
    times.note(5, 10_000)
    times.note(6, 10_900)
    times.note(9, 11_000)
    // The clock is set back.
    times.note(12, 2_000)
    #expect([4, 5, 6, 8].map { times.time(of: $0) } == [10_000, 10_000, 10_000, 10_000])
    #expect([9, 11, 12, 99].map { times.time(of: $0) } == [11_000, 11_000, 2_000, 2_000])
  }

  @Test("no more is remembered than may be")
  func limit() {
    var times = LineTimes()
    for second in 0..<Int64(10 * LineTimes.limit) { times.note(UInt64(second), second * 1_000) }
    let last = UInt64(10 * LineTimes.limit - 1)
    #expect(times.time(of: last) == Int64(last) * 1_000)
    let first = times.time(of: 0) ?? 0
    #expect(first >= Int64(9 * LineTimes.limit - 1) * 1_000)
  }
}
