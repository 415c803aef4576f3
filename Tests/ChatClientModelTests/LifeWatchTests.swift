import ChatClientModel
import ChatCore
import Testing

@Suite("LifeWatch")
struct LifeWatchTests {
  private static func time(_ seconds: Int64) -> Moment { .seconds(seconds) }

  @Test("it asks once after half the time, and gives up after all of it")
  func silence() {
    var watch = LifeWatch(now: Self.time(0))
    #expect(watch.nextLook == Self.time(15))
    #expect(watch.look(isAwaited: true, now: Self.time(14)) == .wait)
    #expect(watch.look(isAwaited: true, now: Self.time(15)) == .ask)
    #expect(watch.nextLook == Self.time(30))
    #expect(watch.look(isAwaited: true, now: Self.time(29)) == .wait)
    #expect(watch.look(isAwaited: true, now: Self.time(30)) == .gone(.total(.seconds(30))))
  }

  @Test("any byte restarts the time; one that is reported late counts from when it came")
  func signs() {
    var watch = LifeWatch(limit: .seconds(10), now: Self.time(0))
    for second: Int64 in [5, 10, 15, 20] {
      #expect(watch.look(isAwaited: false, now: Self.time(second)) == .ask)
      watch.heard(isWord: false, at: Self.time(second))
    }
    watch.heard(isWord: true, at: Self.time(19))
    #expect(watch.look(isAwaited: false, now: Self.time(29)) == .ask)
    #expect(watch.look(isAwaited: false, now: Self.time(30)) == .gone(.total(.seconds(10))))
  }

  @Test("bytes without a word are given up on after a while, if an answer is awaited")
  func trickle() {
    for isAwaited in [true, false] {
      var watch = LifeWatch(now: Self.time(0))
      var verdicts: [LifeWatch.Verdict] = []
      for second: Int64 in stride(from: 10, through: 1_000, by: 10) {
        watch.heard(isWord: false, at: Self.time(second))
        verdicts.append(watch.look(isAwaited: isAwaited, now: Self.time(second)))
      }
      #expect(verdicts.firstIndex(of: .gone(.wordless(.seconds(120)))) == (isAwaited ? 11 : nil))
    }
  }

  @Test("words are answers enough")
  func words() {
    var watch = LifeWatch(now: Self.time(0))
    for second: Int64 in stride(from: 10, through: 1_000, by: 10) {
      watch.heard(isWord: second % 100 == 0, at: Self.time(second))
      #expect(watch.look(isAwaited: true, now: Self.time(second)) == .wait)
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
      #expect(watch.look(isAwaited: true, now: Self.time(second)) == .wait)
    }
    #expect(watch.nextLook == Self.time(120))
    watch.heard(isWord: false, at: Self.time(120))
    #expect(
      watch.look(isAwaited: true, now: Self.time(120)) == .gone(.wordless(.seconds(120))))
  }

  @Test("a pause between two looks does not count as the server's silence")
  func pause() {
    var watch = LifeWatch(now: Self.time(0))
    watch.heard(isWord: false, at: Self.time(1_000))
    #expect(watch.look(isAwaited: true, now: Self.time(1_000)) == .wait)
    // 30 seconds of the pause count.
    for second: Int64 in 1_001...1_089 {
      watch.heard(isWord: false, at: Self.time(second))
      #expect(watch.look(isAwaited: true, now: Self.time(second)) == .wait)
    }
    watch.heard(isWord: false, at: Self.time(1_090))
    #expect(
      watch.look(isAwaited: true, now: Self.time(1_090)) == .gone(.wordless(.seconds(120))))
  }

  @Test("a silence is described in words")
  func sentences() {
    #expect(
      "\(LifeWatch.Silence.total(.seconds(30)))" == "the server has said nothing for 30 s")
    #expect(
      "\(LifeWatch.Silence.wordless(.seconds(120)))" == "the server has answered nothing for 120 s")
  }
}
