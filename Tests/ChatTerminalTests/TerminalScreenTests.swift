import ChatSystem
import Glibc
import TestKit
import Testing

/// A program at a pseudoterminal that uses all of the screen.
@Suite("The terminal's screen", .timeLimit(.minutes(1)))
struct TerminalScreenTests {
  private static func probe() throws -> Terminal {
    let probe = try Terminal("terminal-probe", [])
    try probe.see("> ")
    return probe
  }

  @Test("a status stands above the input row, whatever is shown, until it is cleared")
  func status() throws {
    let probe = try Self.probe()
    try probe.type("status half done\rtyped")
    try probe.see("the status") { $0.rows == ["half done", "> typed"] }
    try probe.type("!\rab")
    try probe.see("both") { $0.rows == ["shown: typed!", "half done", "> ab"] }
    try probe.type("\u{15}raw\r")
    try probe.see("the picture") {
      $0.rows == ["shown: typed!", "a picture", "of two rows", "half done", "> "]
    }
    let long = String(repeating: "0123456789", count: 20)
    try probe.type("status \(long)\r")
    try probe.see("a part of it") { $0.rows.suffix(2) == ["\(long.prefix(79))", "> "] }
    try probe.type("clear\r")
    try probe.see("none") { $0.rows == ["shown: typed!", "a picture", "of two rows", "> "] }
    #expect(probe.display.strangers == [])
  }

  @Test("a status that changes all the time is drawn ten times a second, and the last one is")
  func flood() throws {
    let probe = try Self.probe()
    try probe.type("flood\r")
    try probe.see("the last one") { $0.rows == ["status 999", "> "] }
    // Once to begin with, and ten times in each second; a slow machine takes more of them.
    #expect(probe.display.erasures < 60)
  }

  @Test("answers of the terminal go to whoever asked, and not into the line")
  func replies() throws {
    let probe = try Self.probe()
    try probe.type("ask\r")
    try probe.see(bytes: Self.question)
    try probe.type("ab\u{1B}_Gi=1;OK\u{1B}\\c\u{1B}[?62;4cd")
    try probe.see("answer: ESC _Gi=1;OKESC \\\r\nanswer: ESC [?62;4c\r\n")
    try probe.see("the line") { $0.rows.last == "> abcd" }
    // Nothing is expected any more.
    try probe.type("\u{1B}_Ge")
    try probe.see("the rest") { $0.rows.last == "> abcdGe" }
  }

  private static let question = Array("\u{1B}[c".utf8)

  @Test("nothing is asked while nobody waits for a line")
  func unasked() throws {
    let probe = try Self.probe()
    try probe.type("ask now\r")
    try probe.see("asked: false\r\n> ")
    #expect(probe.written.firstRange(of: Self.question) == nil)
  }

  @Test(
    "an answer that comes after the end is not left to the shell", arguments: ["\u{4}", "kill"])
  func lateReply(end: String) throws {
    let program = try Program.path(of: "terminal-probe")
    let shell = try Terminal(
      "sh", ["-c", "\(program); stty echo; echo done; read x; echo \"<$x>\""])
    try shell.see("> ")
    try shell.type("ask\r")
    try shell.see(bytes: Self.question)
    try shell.type(end == "kill" ? "kill\r" : end)
    try shell.see(bytes: Array("\u{1B}[?2004l".utf8))
    let before = shell.readBytes
    try shell.type("\u{1B}[?62;")
    try eventually("the first part is read alone") { shell.readBytes >= before + 5 }
    try shell.type("4c")
    try shell.see("done\r\n")
    try shell.type("x\n")
    try shell.see("<x>")
  }

  @Test("a picture that the terminal does not take is given up at the end, and keeps no keys away")
  func stuck() throws {
    let probe = try Self.probe()
    let mode = probe.mode
    try probe.type("large\r")
    // Nobody reads meanwhile: signals and keys are taken all the same.
    try eventually("it waits for the terminal") { probe.isFull && probe.isAsleep }
    for _ in 0..<3 { probe.signal(SIGWINCH) }
    try probe.type("abc\u{3}\u{3}")
    #expect(try probe.exitCode() == 0)
    #expect(probe.mode != mode)
  }

  @Test(
    "a picture that is given up on a slow terminal is ended, and then the terminal is given back")
  func cut() throws {
    let probe = try Self.probe()
    try probe.type("large\r")
    try probe.see(bytes: Array("AAAA".utf8))
    try probe.type("\u{3}")
    while probe.isRunning {
      probe.glance()
      // The terminal is slow: this is its rate.
      SystemThread.sleep(for: .milliseconds(50))
    }
    #expect(try probe.exitCode() == 0)
    #expect(probe.written.count < 1_000_000)
    let end = Array("A\u{1B}\\".utf8)
    let cut = try #require(probe.written.firstRange(of: end))
    #expect(probe.written[cut.upperBound...].firstRange(of: Array("\u{1B}[?2004l".utf8)) != nil)
  }

  @Test("a signal ends it while it can't draw, even after the screen's size has changed")
  func stuckSignal() throws {
    let probe = try Self.probe()
    try probe.type("large\r")
    try eventually("it waits for the terminal") { probe.isFull && probe.isAsleep }
    for _ in 0..<3 { probe.signal(SIGWINCH) }
    try eventually("it has taken the signals, and waits") { probe.isAsleep }
    probe.signal(SIGTERM)
    #expect(try probe.exitCode() == -SIGTERM)
  }

  @Test("where nobody types any more the status is the last row, until the end")
  func statusAfterEnd() throws {
    let probe = try Self.probe()
    try probe.type("status half done\r")
    try probe.see("the status") { $0.rows == ["half done", "> "] }
    try probe.type("end\r")
    #expect(try probe.exitCode() == 0)
    try probe.see(bytes: Array("end\r\nhalf done\r\u{1B}[J".utf8))
    #expect(probe.display.rows == ["end", ""])
  }

  @Test("a screen of two rows has none for a status")
  func low() throws {
    let probe = try Self.probe()
    probe.resize(columns: 80, rows: 2)
    try probe.type("status half done\rtyped")
    try probe.see("no status") { $0.rows == ["> typed"] }
    probe.resize(columns: 80, rows: 3)
    probe.signal(SIGWINCH)
    try probe.see("the status") { $0.rows == ["half done", "> typed"] }
  }

  @Test("the ESC key is no beginning of what is typed later")
  func escape() throws {
    let probe = try Self.probe()
    try probe.type("a\u{1B}")
    // It is gone some time after it was read, which shows nowhere; until then, [ and A are the key Up, which rings.
    try eventually("A is typed") {
      try probe.type("\u{1B}")
      SystemThread.sleep(for: .milliseconds(300))
      try probe.type("[A")
      let bells = probe.display.bells
      try probe.see("typed, or the bell") { $0.rows.last == "> a[A" || $0.bells > bells }
      return probe.display.rows.last == "> a[A"
    }
  }
}
