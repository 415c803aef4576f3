import ChatClientModel
import TestKit
import Testing

@Suite("ReconnectPolicy")
struct ReconnectPolicyTests {
  private static let start = Moment.seconds(5)

  /// When the attempts are made if all fail so, in seconds after the loss; each takes no time.
  private static func attempts(_ failure: ReconnectPolicy.Failure) -> [Double] {
    var plan = ReconnectPolicy(now: start)
    var random = SeededRandom(seed: 1)
    var now = start
    var times: [Double] = []
    while let pause = plan.pause(
      after: times.isEmpty ? nil : failure, now: now, using: &random)
    {
      now = now + pause
      times.append((now - start) / .seconds(1))
    }
    return times
  }

  @Test("pauses grow from 0.1 s to 5 s, each cut short by chance, and end after two minutes")
  func pauses() {
    let times = Self.attempts(.unreachable)
    var longest = 0.1
    for (earlier, later) in zip([0] + times, times) {
      #expect(longest / 2...longest ~= later - earlier)
      longest = min(longest * 2, 5)
    }
    #expect(times.last.map { 120...125 ~= $0 } == true)
  }

  @Test("a nickname still in use is waited for longer")
  func nickname() {
    #expect(Self.attempts(.nicknameInUse).last.map { 150...155 ~= $0 } == true)
  }

  @Test("a server that answers is there, even if the nickname is in use")
  func contact() {
    var plan = ReconnectPolicy(now: Self.start)
    var random = SeededRandom(seed: 1)
    let later = Self.start + .seconds(119)
    #expect(plan.pause(after: .nicknameInUse, now: later, using: &random) != nil)
    #expect(
      plan.pause(after: .unreachable, now: later + .seconds(119), using: &random) != nil)
    #expect(
      plan.pause(after: .unreachable, now: later + .seconds(120), using: &random) == nil)
  }

  @Test(
    "after a reconnection that did not last the pauses go on growing, and the patience starts again"
  )
  func flapping() {
    var plan = ReconnectPolicy(now: Self.start)
    var random = SeededRandom(seed: 1)
    for _ in 1...10 { _ = plan.pause(after: .unreachable, now: Self.start, using: &random) }
    plan.succeeded(now: Self.start + .seconds(100))
    let pause = plan.pause(
      after: .unreachable, now: Self.start + .seconds(219), using: &random)
    #expect(pause.map { .seconds(2.5)...(.seconds(5)) ~= $0 } == true)
  }
}
