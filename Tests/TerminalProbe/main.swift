import ChatSystem
import ChatTerminal
import Glibc

// Does with a terminal what is typed there: `status TEXT`, `flood` (a status a millisecond, for a
// second), `clear`, `raw`, `large` (a picture of
// a megabyte), `ask` (the device attributes), `ask now` (while nobody waits for a line),
// `kill`, `end`; anything else is shown.

guard let screen = TerminalScreen.start(commands: ["/help"]) else { Process.exit(1) }
screen.onReply { bytes in
  let text = String(decoding: bytes, as: UTF8.self).replacing("\u{1B}", with: "ESC ")
  try? screen.display("answer: \(text)")
}
while let bytes = screen.nextLine("> ") {
  let line = String(decoding: bytes, as: UTF8.self)
  switch line {
  case "flood":
    try SystemThread.start(named: "flood") {
      for number in 0..<1_000 {
        screen.setStatus("status \(number)")
        SystemThread.sleep(for: .milliseconds(1))
      }
    }
  case "clear": screen.setStatus(nil)
  case "ask now":
    let isAsked = try screen.ask(Array("\u{1B}[c".utf8))
    try screen.display("asked: \(isAsked)")
  case "ask":
    try SystemThread.start(named: "ask") {
      while (try? screen.ask(Array("\u{1B}[c".utf8))) == false {
        SystemThread.sleep(for: .milliseconds(1))
      }
    }
  case "large":
    try SystemThread.start(named: "large") {
      let text = String(repeating: "A", count: 1_000_000)
      try? screen.raw(Array("\u{1B}_G\(text)\u{1B}\\".utf8))
    }
  case "end":
    screen.end()
    try screen.display("end")
    screen.finish()
    Process.exit(0)
  case "kill": kill(getpid(), SIGTERM)
  case "raw": try screen.raw(Array("a picture\nof two rows".utf8))
  case _ where line.hasPrefix("status "): screen.setStatus(String(line.dropFirst(7)))
  default: try screen.display("shown: \(line)")
  }
}
screen.finish()
