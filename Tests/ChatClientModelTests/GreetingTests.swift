import ChatClientModel
import Testing

@Suite("Greeting")
struct GreetingTests {
  @Test(
    "a chat server begins with NICK or a tag, in whatever pieces",
    arguments: [
      ("NICK\n", .chat), ("NICK\r\n", .chat), ("[ERROR]:", .chat), ("[N]:x\nNICK\n", .chat),
      ("", .undecided), ("N", .undecided), ("NICK", .undecided), ("NICK\r", .undecided),
      ("[", .undecided), ("[ERROR", .undecided), ("[ERROR]", .undecided), ("NICKS", .stranger),
      ("NICK \n", .stranger), ("NICK\r\r\n", .stranger), ("\n", .stranger), ("nick\n", .stranger),
      ("[]:", .stranger), ("[ERROR] ", .stranger), ("[Ok]:", .stranger), ("[E1]:", .stranger),
      ("[" + String(repeating: "A", count: 40), .stranger), ("SSH-2.0-x\r\n", .stranger),
    ] as [(String, Greeting.Verdict)])
  func beginnings(_ text: String, _ verdict: Greeting.Verdict) {
    let bytes = Array(text.utf8)
    for split in 0...bytes.count {
      var greeting = Greeting()
      greeting.take(bytes.span.extracting(0..<split))
      greeting.take(bytes.span.extracting(split..<bytes.count))
      #expect(greeting.verdict == verdict, "split at \(split)")
      #expect(greeting.isNickWithoutEnd == (text == "NICK"))
    }
  }
}
