import ChatCore
import TestKit
import Testing

@Suite("ClientLine")
struct ClientLineTests {
  private static func parse(_ text: String, from nickname: String? = nil) throws -> ClientLine {
    let name = try nickname.map { try Nickname($0) }
    return try ClientLine(Array(text.utf8).span, from: name)
  }

  private static func text(_ line: String, from nickname: String? = nil) throws -> String? {
    guard case .text(let range) = try parse(line, from: nickname) else { return nil }
    return String(decoding: Array(line.utf8)[range], as: UTF8.self)
  }

  @Test("text is what has no tag")
  func text() throws {
    for line in [
      "hello", " hello", "[hello] you", "[Ok]: yes", "[WHO]", "[]:x", "[WHO", "[WHO] :x",
      "exit now",
      "Exit", "{quit", "[A1]:x", "x [WHO]:", ":", "бob: hi",
    ] {
      #expect(try Self.text(line) == line)
    }
  }

  @Test("one's own nickname in front is taken off, another's is text")
  func ownPrefix() throws {
    #expect(try Self.text("alice: hello", from: "alice") == "hello")
    #expect(try Self.text("alice: exit", from: "alice") == "exit")
    #expect(try Self.text("alice: [WHO]:", from: "alice") == "[WHO]:")
    #expect(try Self.text("alice: alice: hi", from: "alice") == "alice: hi")
    #expect(try Self.text("bob: hello", from: "alice") == "bob: hello")
    #expect(try Self.text("Alice: hello", from: "alice") == "Alice: hello")
    #expect(try Self.text("alice:hello", from: "alice") == "alice:hello")
    #expect(try Self.text("alice:", from: "alice") == "alice:")
    #expect(try Self.text("Ünal: merhaba", from: "Ünal") == "merhaba")
  }

  @Test("nothing but white space is nothing")
  func blank() throws {
    for line in ["", " ", "\t \t", "\u{A0}", "\u{3000} \u{2003}"] {
      #expect(try Self.parse(line) == .blank)
    }
    #expect(try Self.parse("alice:  ", from: "alice") == .blank)
  }

  @Test("tags ask for what the protocol says")
  func tags() throws {
    #expect(try Self.parse("exit") == .quit)
    #expect(try Self.parse("{quit}") == .quit)
    #expect(try Self.parse("[QUIT]:tired") == .quit)
    #expect(try Self.parse("[HELLO]:1") == .hello(version: "1"))
    #expect(try Self.parse("[HELLO]:1\tfuture=x") == .hello(version: "1"))
    #expect(try Self.parse("[PASS]:a b") == .password("a b"))
    #expect(try Self.parse("[ROOM]:lobby") == .room("lobby", since: nil))
    #expect(try Self.parse("[ROOM]:lobby\tsince=4") == .room("lobby", since: 4))
    #expect(try Self.parse("[NEWROOM]:") == .newRoom)
    #expect(try Self.parse("[HISTORY]:20") == .history(count: 20, since: nil))
    #expect(try Self.parse("[HISTORY]:1000000000") == .history(count: 1_000, since: nil))
    #expect(try Self.parse("[HISTORY]:5\tsince=7") == .history(count: 5, since: 7))
    #expect(
      try Self.parse("[SEARCH]:a \"b\"") == .search(words: "a \"b\"", before: nil, limit: 50))
    #expect(
      try Self.parse("[SEARCH]:x\tbefore=9\tlimit=9999")
        == .search(words: "x", before: 9, limit: 500))
    #expect(try Self.parse("[NICK]:bob") == .nick("bob"))
    #expect(try Self.parse("[WHO]:") == .who)
    #expect(try Self.parse("[ROOMS]:") == .rooms)
    #expect(try Self.parse("[MSG]:bob hi  there") == .message(to: "bob", text: "hi  there"))
    #expect(try Self.parse("[MSG]:bob \u{301}x") == .message(to: "bob", text: "\u{301}x"))
    #expect(try Self.parse("[PING]:a b") == .ping(token: "a b"))
    #expect(try Self.parse("[PONG]:a") == .pong)
  }

  @Test("what a tag does not take is refused with its code")
  func refusals() {
    for (line, code): (String, ErrorCode) in [
      ("[FOO]:x", .unknownTag), ("[LOL]: funny", .unknownTag), ("[MSG]:", .badTag),
      ("[MSG]:bob", .badTag), ("[MSG]:bob  ", .badTag), ("[PING]:x\ty", .badTag),
      ("[PING]:x\t=y", .badTag), ("[PING]:x\tKEY=y", .badTag), ("[PING]:x\t", .badTag),
      ("[PING]:x\ta=1\ta=2", .badTag),
    ] {
      #expect { try Self.parse(line) } throws: { ($0 as? Refusal)?.code == code }
    }
  }

  @Test("values are cleaned")
  func cleaned() throws {
    #expect(try Self.parse("[PING]:\u{1B}[2J") == .ping(token: "\u{FFFD}[2J"))
    #expect(
      try ClientLine(([UInt8]("[NICK]:".utf8) + [0xFF]).span) == .nick("\u{FFFD}"))
    #expect(throws: Refusal.lineTooLong) {
      try ClientLine((Array("[PING]:".utf8) + [UInt8](repeating: 0xFF, count: 3_000)).span)
    }
  }

  @Test("100,000 random lines are read or refused, and never out of bounds")
  func random() throws {
    let nickname = try Nickname("al")
    SeededRandom.run { random in
      let pieces =
        [
          "[", "]", ":", " ", "\t", "=", "al", "al: ", "MSG", "NICK", "[MSG]:", "exit", "{quit}",
          "a",
          "é", "\u{3000}", "\u{0}",
        ].map { Array($0.utf8) } + [[0xFF], [0xE2, 0x80]]
      var counts = (read: 0, refused: 0)
      for _ in 0..<100_000 {
        let line = (0..<Int.random(in: 0...8, using: &random)).flatMap { _ in
          pieces[Int.random(in: 0..<pieces.count, using: &random)]
        }
        do {
          if case .text(let range) = try ClientLine(line.span, from: nickname) {
            if range.upperBound != line.count { Issue.record("text that ends early: \(line)") }
          }
          counts.read += 1
        } catch {
          counts.refused += 1
        }
      }
      #expect(counts.read > 0 && counts.refused > 0)
    }
  }

  @Test("files: classic headers, ends and requests")
  func files() throws {
    #expect(try Self.parse("[FILE]:../a b.png") == .classicFile(name: "../a b.png"))
    #expect(try Self.parse("[FILE]:a.png\tsize=5") == .classicFile(name: "a.png"))
    #expect(try Self.parse("[FILE]:a.png").payload == .terminated)
    for end in ["<END>", "<END>\t", "<END>\tid=x1"] { #expect(try Self.parse(end) == .fileEnd) }
    #expect(try Self.text("<END> of it") == "<END> of it")
    #expect(try Self.text("<END>s") == "<END>s")
    #expect(try Self.parse("[GET]:k3\toffset=9") == .get(id: "k3", offset: 9))
    #expect(try Self.parse("[GET]:k3") == .get(id: "k3", offset: 0))
    #expect(try Self.parse("[GOT]:k3") == .got(id: "k3"))
    #expect(try Self.parse("[FILES]:") == .files(id: nil))
    #expect(try Self.parse("[FILES]:k3") == .files(id: "k3"))
  }

  @Test(
    "files: what is none is refused, and no bytes follow it",
    arguments: [
      ("[FILE]:a\tid=1", ErrorCode.badTag), ("[FILE]:a\tid=1\tsize=5\tsha256=00", .badTag),
      ("[FILE]:a\tid=", .badTag), ("[GET]:a\toffset=-1", .badTag),
      ("[DATA]:1\tsize=5", .unknownTag), ("[CANCEL]:1", .unknownTag), ("[SUMS]:1", .unknownTag),
    ])
  func badFiles(line: String, code: ErrorCode) {
    #expect { try Self.parse(line) } throws: { ($0 as? Refusal)?.code == code }
    #expect(ClientLine.payload(ofRefused: Array(line.utf8).span) == nil)
  }

  @Test("a classic header that is refused has its bytes all the same")
  func refusedHeader() {
    for line in ["[FILE]:a\tb", "[FILE]:a\tb=c\tb=c", "[FILE]:a\tx=\tid"] {
      #expect { try Self.parse(line) } throws: { ($0 as? Refusal)?.code == .badTag }
      #expect(ClientLine.payload(ofRefused: Array(line.utf8).span) == .terminated)
    }
  }
}
