import ChatCore
import TestKit
import Testing

@Suite("ServerLine")
struct ServerLineTests {
  private static let sha256 = String(repeating: "0a", count: 32)
  private static let digest = SHA256Digest(InlineArray(repeating: 0x0A))
  private static let offer = SharedFile(
    id: "k3Fq", name: "a b.png", sender: "alice", sizeBytes: 48_213, digest: digest)

  private static let samples: [(ServerLine, String)] = [
    (.room(.said(by: "alice", text: "hello: you")), "alice: hello: you"),
    (.room(.said(by: "alice", text: " x joined!")), "alice:  x joined!"),
    (.room(.joined("alice")), "alice joined!"),
    (.room(.left("alice")), "alice left!"),
    (.room(.renamed(from: "alice", to: "bob")), "alice is now bob"),
    (.session(.nicknameWanted), "NICK"),
    (
      .session(.welcome(room: "lobby", sequence: 7, members: 3, maxFileBytes: 100)),
      "[WELCOME]:1\troom=lobby\tseq=7\tmembers=3\tmax-file=100"
    ),
    (.session(.connected), "Connected to server!"),
    (.session(.goodbye), "Bye!"),
    (.message(from: "alice", to: "bob", text: "psst"), "[MSG]:alice psst\tto=bob"),
    (.reply(.who(["alice", "bob"], isLast: false)), "[WHO]:alice bob"),
    (.reply(.who(["carol"], isLast: true)), "[WHO]:carol\tend=1"),
    (.reply(.rooms(["lobby=3"], isLast: true)), "[ROOMS]:lobby=3\tend=1"),
    (.session(.room("lobby", sequence: 2, members: 1)), "[ROOM]:lobby\tseq=2\tmembers=1"),
    (.session(.youAreIn("lobby")), "You are in lobby"),
    (
      .reply(.past("alice: hi [x]", sequence: 9, time: "2026-01-31T12:00:00.000Z")),
      "[PAST]:alice: hi [x]\tseq=9\ttime=2026-01-31T12:00:00.000Z"
    ),
    (
      .reply(.past("alice sent a.png (1 B)", sequence: 9, time: "T", file: "k3Fq")),
      "[PAST]:alice sent a.png (1 B)\tseq=9\ttime=T\tfile=k3Fq"
    ),
    (.reply(.pastEnd), "[PAST]:\tend=1"),
    (.room(.sent(by: "alice", file: "a (1).png", size: "48 kB")), "alice sent a (1).png (48 kB)"),
    (.transfer(.file(offer)), "[FILE]:a b.png\tid=k3Fq\tfrom=alice\tsize=48213\tsha256=\(sha256)"),
    (.transfer(.got(id: "k3Fq", have: 28, of: 30)), "[GOT]:k3Fq\thave=28\tof=30"),
    (
      .transfer(.listed(offer, time: "T")),
      "[FILES]:a b.png\tid=k3Fq\tfrom=alice\tsize=48213\tsha256=\(sha256)\ttime=T"
    ),
    (.transfer(.listEnd), "[FILES]:\tend=1"),
    (
      .transfer(.error(code: "file-mismatch", reason: "no", id: "1")),
      "[ERROR]:no\tcode=file-mismatch\tid=1"
    ),
    (.control(.ping(token: "x")), "[PING]:x"),
    (.control(.pong(token: "x")), "[PONG]:x"),
    (.control(.notice("soon")), "[NOTICE]:soon"),
    (.control(.error(code: "bad-tag", reason: "no")), "[ERROR]:no\tcode=bad-tag"),
    (.unknown("whatever this is", isTagged: false), "whatever this is"),
  ]

  @Test("every line is encoded as the protocol has it, and read back")
  func roundTrip() {
    for (line, text) in Self.samples {
      #expect(line.encoded() == Array((text + "\n").utf8))
      #expect(ServerLine(Array(text.utf8).span) == line)
    }
  }

  @Test("a mark that joins the space before it makes no other kind of line")
  func marks() {
    for (text, line): (String, ServerLine) in [
      ("ann: \u{301} joined!", .room(.said(by: "ann", text: "\u{301} joined!"))),
      ("ann: \u{301} is now bob", .room(.said(by: "ann", text: "\u{301} is now bob"))),
      ("ann: \u{200D}hello", .room(.said(by: "ann", text: "\u{200D}hello"))),
      ("[MSG]:ann \u{301}x\tto=bob", .message(from: "ann", to: "bob", text: "\u{301}x")),
    ] {
      #expect(ServerLine(Array(text.utf8).span) == line)
    }
  }

  @Test("a line of the past is encoded from its bytes as from its text")
  func past() {
    for text in ["alice: hi", "alice: a\tb", "ünal joined!", "bob: \t"] {
      var bytes: [UInt8] = []
      ReplyLine.appendPast(
        Array(text.utf8), sequence: 3, time: Timestamp.text(0), to: &bytes)
      let line = ReplyLine.past(text, sequence: 3, time: "1970-01-01T00:00:00.000Z")
      #expect(bytes == line.encoded())
    }
    #expect(ServerLine(stream: "bob joined!") == .room(.joined("bob")))
    #expect(ServerLine(stream: "bob: [MSG]:x") == .room(.said(by: "bob", text: "[MSG]:x")))
  }

  @Test("an unknown tag is known to be one")
  func unknown() {
    #expect(ServerLine(Array("[NEW]:x".utf8).span) == .unknown("[NEW]:x", isTagged: true))
    #expect(ServerLine(Array("[MSG]:x".utf8).span) == .unknown("[MSG]:x", isTagged: true))
    #expect(ServerLine(Array("[NEW]:x\tbad".utf8).span) == .unknown("[NEW]:x\tbad", isTagged: true))
  }

  @Test("values of tagged lines hold no TAB and no control character")
  func values() {
    let line = ServerLine.message(from: "alice", to: "bob", text: "a\tto=carol\n\u{1B}[2J")
    #expect(
      line.encoded() == Array("[MSG]:alice a to=carol\u{FFFD}\u{FFFD}[2J\tto=bob\n".utf8))
  }

  @Test("a long list is split, and its last line marked")
  func lists() {
    let names = (0..<1_000).map { "somebody-with-a-long-name-\($0)" }
    let lines = ReplyLine.split(names) { .who($0, isLast: $1) }.map(ServerLine.reply)
    #expect(lines.count > 1)
    #expect(lines.allSatisfy { $0.encoded().count <= Limits.clientLineBytes })
    var found: [String] = []
    for (index, line) in lines.enumerated() {
      guard case .reply(.who(let part, let isLast)) = line else { continue }
      found += part
      #expect(isLast == (index == lines.count - 1))
    }
    #expect(found == names)
    #expect(ReplyLine.split([]) { .who($0, isLast: $1) } == [.who([], isLast: true)])
  }

  @Test("what was said is cleaned behind the nickname, and refused if that makes it too long")
  func said() throws {
    var output = Array("before\n".utf8)
    try RoomLine.appendSaid(
      prefix: Array("al: ".utf8), text: ([0x61, 0xFF, 0x62] as [UInt8]).span, to: &output)
    #expect(output == Array("before\nal: a\u{FFFD}b\n".utf8))
    let before = output
    let swelling = [UInt8](repeating: 0xFF, count: 3_000)
    #expect(throws: Refusal.lineTooLong) {
      try RoomLine.appendSaid(prefix: Array("al: ".utf8), text: swelling.span, to: &output)
    }
    #expect(output == before)
    let longest = [UInt8](repeating: 0x61, count: 8_191)
    try RoomLine.appendSaid(prefix: Array("al: ".utf8), text: longest.span, to: &output)
    #expect(output.count == before.count + 4 + 8_192)
  }

  @Test("100,000 random lines are read without harm, and come out clean")
  func random() {
    SeededRandom.run { random in
      let pieces =
        Self.samples.map { Array($0.1.utf8) }
        + ["[", "]:", ": ", "\t", "=", " ", "\u{1B}"].map { Array($0.utf8) } + [
          [0xFF], [0xE2, 0x80],
        ]
      for _ in 0..<100_000 {
        var line = (0..<Int.random(in: 0...4, using: &random)).flatMap { _ in
          pieces[Int.random(in: 0..<pieces.count, using: &random)]
        }
        if !line.isEmpty, Bool.random(using: &random) {
          line[Int.random(in: 0..<line.count, using: &random)] = .random(
            in: 0...255, using: &random)
        }
        line.removeAll { $0 == UInt8(ascii: "\n") }
        let encoded = Array(ServerLine(line.span).encoded().dropLast())
        var cleaned: [UInt8] = []
        TextCleaner.append(encoded.span, to: &cleaned)
        if cleaned != encoded {
          Issue.record("\(line) came out as \(encoded)")
          return
        }
      }
    }
  }
}
