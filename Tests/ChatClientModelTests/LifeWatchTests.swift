import ChatClientModel
import ChatCore
import Testing

@Suite("LifeWatch")
struct LifeWatchTests {
  private static func time(_ seconds: Int64) -> Moment { .seconds(seconds) }

  private static func going(_ sent: UInt64, _ onWay: Int) -> LifeWatch.Going {
    .init(sentBytes: sent, unacknowledgedBytes: onWay)
  }

  @Test("it asks once after half the time, and gives up after all of it")
  func silence() {
    var watch = LifeWatch(now: Self.time(0))
    #expect(watch.nextLook == Self.time(15))
    #expect(watch.look(nil, isAwaited: true, now: Self.time(14)) == .wait)
    #expect(watch.look(nil, isAwaited: true, now: Self.time(15)) == .ask)
    #expect(watch.nextLook == Self.time(30))
    #expect(watch.look(nil, isAwaited: true, now: Self.time(29)) == .wait)
    #expect(watch.look(nil, isAwaited: true, now: Self.time(30)) == .gone(.total(.seconds(30))))
  }

  @Test("any byte restarts the time; one that is reported late counts from when it came")
  func signs() {
    var watch = LifeWatch(limit: .seconds(10), now: Self.time(0))
    for second: Int64 in [5, 10, 15, 20] {
      #expect(watch.look(nil, isAwaited: false, now: Self.time(second)) == .ask)
      watch.heard(isWord: false, at: Self.time(second))
    }
    watch.heard(isWord: true, at: Self.time(19))
    #expect(watch.look(nil, isAwaited: false, now: Self.time(29)) == .ask)
    #expect(watch.look(nil, isAwaited: false, now: Self.time(30)) == .gone(.total(.seconds(10))))
  }

  @Test("a file is a sign of life as long as it progresses, however slowly")
  func upload() {
    var watch = LifeWatch(now: Self.time(0))
    var second: Int64 = 0
    func look(_ going: LifeWatch.Going, after pause: Int64) -> LifeWatch.Verdict {
      second += pause
      return watch.look(going, isAwaited: true, now: Self.time(second))
    }
    // It is handed over, a piece every 29 seconds; then the last of it is acknowledged as slowly.
    for piece: UInt64 in 1...5 { #expect(look(Self.going(piece, 5_000), after: 29) == .wait) }
    for left in stride(from: 4_000, through: 0, by: -1_000) {
      #expect(look(Self.going(5, left), after: 29) == .wait)
    }
    #expect(watch.nextLook == Self.time(second + 1))
    // The question goes and is acknowledged, which says nothing of the one who should answer it.
    #expect(look(Self.going(5, 0), after: 15) == .ask)
    #expect(look(Self.going(5, 40), after: 1) == .wait)
    #expect(look(Self.going(5, 0), after: 13) == .wait)
    #expect(look(Self.going(5, 0), after: 1) == .gone(.total(.seconds(30))))
  }

  @Test("a file without progress is no sign of life")
  func stuck() {
    var watch = LifeWatch(now: Self.time(0))
    #expect(watch.look(Self.going(9_000, 4_000), isAwaited: true, now: Self.time(1)) == .wait)
    #expect(watch.look(Self.going(9_000, 4_000), isAwaited: true, now: Self.time(16)) == .ask)
    #expect(watch.nextLook == Self.time(17))
    #expect(watch.look(Self.going(9_000, 4_020), isAwaited: true, now: Self.time(30)) == .wait)
    #expect(
      watch.look(Self.going(9_000, 4_020), isAwaited: true, now: Self.time(31))
        == .gone(.total(.seconds(30))))
  }

  @Test("bytes without a word are given up on after a while, if an answer is awaited")
  func trickle() {
    for isAwaited in [true, false] {
      var watch = LifeWatch(now: Self.time(0))
      var verdicts: [LifeWatch.Verdict] = []
      for second: Int64 in stride(from: 10, through: 1_000, by: 10) {
        watch.heard(isWord: false, at: Self.time(second))
        verdicts.append(watch.look(nil, isAwaited: isAwaited, now: Self.time(second)))
      }
      #expect(verdicts.firstIndex(of: .gone(.wordless(.seconds(120)))) == (isAwaited ? 11 : nil))
    }
  }

  @Test("words are answers enough")
  func words() {
    var watch = LifeWatch(now: Self.time(0))
    for second: Int64 in stride(from: 10, through: 1_000, by: 10) {
      watch.heard(isWord: second % 100 == 0, at: Self.time(second))
      #expect(watch.look(nil, isAwaited: true, now: Self.time(second)) == .wait)
    }
  }

  @Test(
    "a line without meaning, and a [PING], are no words; whatever may be an answer is one")
  func lines() {
    for text in ["[PING]:a", "[PING]:", "[XYZ]:a", "[MSG]:bob", "<END>"] {
      #expect(!LifeWatch.isWord(ServerLine(Array(text.utf8).span)), "\(text)")
    }
    for text in ["bob: hi", "[PONG]:a", "[ERROR]:no\tcode=bad-tag", "bob left!", "[NOTICE]:x"] {
      #expect(LifeWatch.isWord(ServerLine(Array(text.utf8).span)), "\(text)")
    }
  }

  @Test("the time for a word ends whatever came last")
  func wordTime() {
    var watch = LifeWatch(now: Self.time(0))
    for second: Int64 in 1...119 {
      watch.heard(isWord: false, at: Self.time(second))
      #expect(watch.look(nil, isAwaited: true, now: Self.time(second)) == .wait)
    }
    #expect(watch.nextLook == Self.time(120))
    watch.heard(isWord: false, at: Self.time(120))
    #expect(
      watch.look(nil, isAwaited: true, now: Self.time(120)) == .gone(.wordless(.seconds(120))))
  }

  @Test("a pause between two looks does not count as the server's silence")
  func pause() {
    var watch = LifeWatch(now: Self.time(0))
    watch.heard(isWord: false, at: Self.time(1_000))
    #expect(watch.look(nil, isAwaited: true, now: Self.time(1_000)) == .wait)
    // 30 seconds of the pause count.
    for second: Int64 in 1_001...1_089 {
      watch.heard(isWord: false, at: Self.time(second))
      #expect(watch.look(nil, isAwaited: true, now: Self.time(second)) == .wait)
    }
    watch.heard(isWord: false, at: Self.time(1_090))
    #expect(
      watch.look(nil, isAwaited: true, now: Self.time(1_090)) == .gone(.wordless(.seconds(120))))
  }

  @Test("a silence is described in words")
  func sentences() {
    #expect(
      "\(LifeWatch.Silence.total(.seconds(30)))" == "the server has said nothing for 30 s")
    #expect(
      "\(LifeWatch.Silence.wordless(.seconds(120)))" == "the server has answered nothing for 120 s")
  }
}
