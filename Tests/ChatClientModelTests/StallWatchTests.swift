import ChatClientModel
import Testing

@Suite("StallWatch")
struct StallWatchTests {
  @Test(
    "a minute without an answer is a stall, reported once a minute; any answer restarts the time")
  func answers() {
    let start = Moment.zero
    var watch = StallWatch(now: start)
    var seconds = 0
    func stalls(_ answers: UInt64, after pause: Int) -> Bool {
      seconds += pause
      return watch.isStalled(answers, now: start + .seconds(seconds))
    }
    #expect(!stalls(1, after: 1))
    #expect(watch.nextLook == start + .seconds(2))
    #expect(!stalls(1, after: 59))
    #expect(stalls(1, after: 1))
    #expect(!stalls(1, after: 59))
    #expect(!stalls(2, after: 1))
    #expect(!stalls(2, after: 59))
    #expect(stalls(2, after: 1))
  }
}
