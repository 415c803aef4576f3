import ChatClientModel
import Testing

@Suite("StallWatch")
struct StallWatchTests {
  private static func signs(_ answers: UInt64, sent: UInt64 = 0, onWay: Int = 0) -> StallWatch.Signs
  {
    .init(answers: answers, sentBytes: sent, unacknowledgedBytes: onWay)
  }

  @Test(
    "a minute without progress is a stall, reported once a minute; any progress restarts the time")
  func signs() {
    let start = Moment.zero
    var watch = StallWatch(now: start)
    var seconds = 0
    func stalls(_ signs: StallWatch.Signs?, after pause: Int) -> Bool {
      seconds += pause
      return watch.isStalled(signs, now: start + .seconds(seconds))
    }
    #expect(!stalls(Self.signs(1), after: 1))
    #expect(watch.nextLook == start + .seconds(2))
    #expect(!stalls(Self.signs(1), after: 59))
    #expect(stalls(Self.signs(1), after: 1))
    #expect(!stalls(Self.signs(1), after: 59))
    #expect(!stalls(Self.signs(2), after: 1))
    #expect(!stalls(Self.signs(2, sent: 1), after: 59))
    #expect(!stalls(Self.signs(2, sent: 1, onWay: 5), after: 59))
    #expect(!stalls(nil, after: 59))
    #expect(!stalls(nil, after: 100))
    #expect(!stalls(Self.signs(2), after: 100))
    #expect(stalls(Self.signs(2), after: 60))
  }
}
