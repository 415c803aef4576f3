import ChatSystem
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
    try probe.type("ab\u{1B}[?62;4cc\u{1B}_Gi=1;OK\u{1B}\\d")
    try probe.see("answer: ESC [?62;4c\r\nanswer: ESC _Gi=1;OKESC \\\r\n")
    try probe.see("the line") { $0.rows.last == "> abcd" }
  }

  @Test("the ESC key is no beginning of what is typed later")
  func escape() throws {
    let probe = try Self.probe()
    try probe.type("a\u{1B}")
    // It is gone some time after it was read; until then, [ and A are the key Up, which rings.
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
