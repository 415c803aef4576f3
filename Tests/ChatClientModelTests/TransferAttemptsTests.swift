import ChatClientModel
import Testing

@Suite("TransferAttempts")
struct TransferAttemptsTests {
  @Test("the third thing that is wrong is the last, whatever comes in between")
  func mistakes() {
    var attempts = TransferAttempts()
    var goesOn = [attempts.mistake()]
    attempts.progress()
    goesOn += [attempts.loss(), attempts.mistake()]
    attempts.progress()
    goesOn.append(attempts.mistake())
    #expect(goesOn == [true, true, true, false])
  }

  @Test("the third loss in a row is the last; any progress in between begins anew")
  func losses() {
    var attempts = TransferAttempts()
    var goesOn: [Bool] = []
    for _ in 0..<10 {
      goesOn += [attempts.loss(), attempts.loss()]
      attempts.progress()
    }
    goesOn.append(attempts.loss())
    #expect(attempts.pause < .seconds(1))
    #expect(!attempts.needsSign)
    goesOn.append(attempts.loss())
    #expect(attempts.needsSign)
    #expect(attempts.pause > .seconds(1))
    #expect(goesOn == [Bool](repeating: true, count: 22))
    let isLast = !attempts.loss()
    #expect(isLast)
  }

  @Test("a busy server is asked again for two minutes, which progress begins anew")
  func busy() {
    var attempts = TransferAttempts()
    var pause = Duration.zero
    while attempts.busy() { pause += attempts.pause }
    #expect(.seconds(110)...(.seconds(130)) ~= pause)
    attempts.progress()
    let goesOn = attempts.busy()
    #expect(goesOn)
  }
}
