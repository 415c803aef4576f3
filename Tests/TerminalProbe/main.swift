import ChatSystem
import ChatTerminal

// Does with a terminal what is typed there: `status TEXT`, `flood` (a status a millisecond, for a
// second), `clear`, `raw`; anything else is shown.

guard let screen = TerminalScreen.start(commands: ["/help"]) else { Process.exit(1) }
screen.onReply { bytes in
  let text = String(decoding: bytes, as: UTF8.self).replacing("\u{1B}", with: "ESC ")
  try? screen.show("answer: \(text)")
}
while let line = screen.nextLine("> ") {
  switch line {
  case "flood":
    try SystemThread.start(named: "flood") {
      for number in 0..<1_000 {
        screen.setStatus("status \(number)")
        SystemThread.sleep(for: .milliseconds(1))
      }
    }
  case "clear": screen.setStatus(nil)
  case "raw": try screen.raw(Array("a picture\nof two rows".utf8))
  case _ where line.hasPrefix("status "): screen.setStatus(String(line.dropFirst(7)))
  default: try screen.show("shown: \(line)")
  }
}
screen.end()
