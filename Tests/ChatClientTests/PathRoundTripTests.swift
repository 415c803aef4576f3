import ChatClientModel
import ChatTerminal
import TestKit
import Testing

@Suite("Completed paths")
struct PathRoundTripTests {
  @Test("whatever a file is called, what Tab makes of its path is read as that path")
  func roundTrip() {
    let parts = Array("a\"'\\ ~$`\u{301}.é-")
    SeededRandom.run { random in
      for _ in 0..<3_000 {
        let count = Int.random(in: 1...8, using: &random)
        // A space has nothing before it that could combine with it, and a hidden file no name yet.
        let name = "x" + String((0..<count).map { _ in parts.randomElement(using: &random) ?? "a" })
        let name2 = Bool.random(using: &random) ? name : "~" + name
        let paths = PathCompletion(home: "/home/me") { _ in [.init(name2)] }
        for start in ["", "\"", "'"] {
          let typed = start + paths.complete(start).insertion
          #expect(
            ShellWords.split(Array(typed.utf8), home: Array("/home/me".utf8))
              == [Array(name2.utf8)], "\(typed)")
        }
      }
    }
  }
}
