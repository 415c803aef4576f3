import Foundation
import TestKit
import Testing

/// The real client, which sends files to a server that does what a test wrote down.
@Suite("Files that the client sends", .timeLimit(.minutes(1)))
struct FileUploadClientTests {
  /// How alice comes in where files are taken.
  private static let firstEntry = ClientScript.firstEntry.replacing(
    "max-file=0", with: "max-file=1000000")

  private static func entry(since: Int, join: Int) -> String {
    ClientScript.entry(since: since, join: join).replacing("max-file=0", with: "max-file=1000000")
  }

  private static func alice(_ server: FakeServer, sending paths: [String]) throws -> Program {
    let alice = try Program(
      "chat-client", ["--nick", "alice", server.address] + paths.flatMap { ["--send", $0] })
    try server.play(firstEntry)
    return alice
  }

  @Test("--send: announced, sent frame by frame, waited for until the room is told, and gone")
  func send() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "my photo.png", size: 150_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play("S> alice sent my photo.png (150 kB)\n\(photo.offer(from: "alice"))")
    try server.play(ClientScript.departure())
    #expect(try alice.rest() == "alice joined!\nalice sent my photo.png (150 kB)\n")
    #expect(try alice.exitCode() == 0)
    #expect(alice.errors == "")
  }

  @Test("what can't be sent is told, the rest is sent, and it ends with 1")
  func failures() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 100)
    let large = FileScript("id2", "large", size: 1_000_001)
    let alice = try Self.alice(
      server,
      sending: [large.write(to: folder), photo.write(to: folder), "/proc/version"])
    #expect(try photo.receive(by: server, token: "2") == photo.bytes)
    try server.play("S> alice sent photo.png (100 B)\n\(photo.offer(from: "alice"))")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors == """
        chat-client: \(folder.path)/large: it has 1.0 MB, and the server takes at most 1.0 MB
        chat-client: /proc/version: it changes while it is sent

        """)
  }

  @Test("a server that takes no files is not sent any")
  func noFiles() throws {
    let server = try FakeServer()
    let alice = try Program(
      "chat-client", ["--nick", "alice", "--send", "/etc/passwd", "--", server.address])
    try server.play(ClientScript.firstEntry)
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors == "chat-client: /etc/passwd: the server takes no files\n")
  }

  @Test("it goes on from the offset that the server names, also where that is the end")
  func offset() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 150_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    // The connection is lost after some of it.
    try server.play(
      """
      C< [FILE]:photo.png⇥id=1⇥size=150000⇥sha256=\(photo.sha256)
      S> [FILE]:photo.png⇥id=1⇥offset=0
      C< [DATA]:1⇥size=65536
      """)
    #expect(try server.receive(65_536) == Array(photo.bytes[..<65_536]))
    try server.play(Self.entry(since: 7, join: 8))
    try server.play(ClientScript.missedEnd)
    #expect(try photo.receive(by: server, from: 65_536) == Array(photo.bytes[65_536...]))
    try server.play(Self.entry(since: 8, join: 9))
    try server.play(ClientScript.missedEnd)
    try server.play(
      """
      C< [FILE]:photo.png⇥id=1⇥size=150000⇥sha256=\(photo.sha256)
      S> [FILE]:photo.png⇥id=1⇥offset=150000
      C< [DATA]:1⇥offset=150000⇥size=0
      C< <END>⇥id=1
      S> alice sent photo.png (150 kB)
      \(photo.offer(from: "alice"))
      """)
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 0)
  }

  @Test("a file that had arrived when the connection was lost is not sent twice")
  func arrived() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play(Self.entry(since: 7, join: 9))
    try server.play(
      "S> [PAST]:alice sent photo.png (1.0 kB)⇥seq=8⇥time=2026-01-31T12:00:00.000Z⇥file=id1")
    try server.play(ClientScript.missedEnd)
    try server.play("C< [FILES]:id1")
    let listed = photo.offer(from: "alice").replacing("[FILE]", with: "[FILES]")
    try server.play("\(listed)⇥time=2026-01-31T12:00:00.000Z\nS> [FILES]:⇥end=1")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 0)
  }

  @Test("nor one that the room was told of just before the connection was lost")
  func arrivedUnnamed() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play("S> alice sent photo.png (1.0 kB)")
    try server.play(Self.entry(since: 8, join: 9))
    try server.play("\(ClientScript.missedEnd)\nC< [FILES]:")
    for file in [
      FileScript("id2", "other", size: 5), photo, FileScript("id3", "photo.png", size: 7),
    ] {
      let listed = file.offer(from: "alice").replacing("[FILE]", with: "[FILES]")
      try server.play("\(listed)⇥time=2026-01-31T12:00:00.000Z")
    }
    try server.play("S> [FILES]:⇥end=1\n\(ClientScript.departure())")
    #expect(try alice.exitCode() == 0)
    #expect(alice.errors.contains("photo.png") == false)
  }

  @Test("other bytes than announced: sent again, three times in all")
  func mismatch() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    for _ in 0..<3 {
      #expect(try photo.receive(by: server) == photo.bytes)
      try server.play("S> [ERROR]:other bytes⇥code=file-mismatch⇥id=1")
    }
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors.contains("photo.png: what came was not what was sent, three times\n"))
  }

  @Test("a goodbye that nobody asked for is a lost connection: the file is sent after it")
  func goodbye() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play("S> Bye!\ncut")
    try server.play(Self.entry(since: 7, join: 8))
    try server.play(ClientScript.missedEnd)
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play("S> alice sent photo.png (1.0 kB)\n\(photo.offer(from: "alice"))")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 0)
  }

  @Test("--no-reconnect: what is not sent when the connection is lost is named")
  func lostForGood() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Program(
      "chat-client",
      [
        "--nick", "alice", "--no-reconnect", server.address, "--send", photo.write(to: folder),
        "--send", photo.write(to: folder),
      ])
    try server.play(Self.firstEntry)
    try server.play("C< [FILE]:photo.png⇥id=1⇥size=1000⇥sha256=\(photo.sha256)\ncut")
    #expect(try alice.exitCode() == 1)
    let ending = "photo.png: ended, because the connection is lost\n"
    #expect(alice.errors.split(separator: "\n").count == 3)
    #expect(alice.errors.contains(ending))
  }

  @Test("Ctrl-D while the connection is away waits for the files as well")
  func endOfInputAway() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Terminal("chat-client", ["--nick", "alice", server.address])
    try server.play(Self.firstEntry)
    try alice.see("Connected to server!")
    try alice.type("/send \(photo.write(to: folder))\n")
    try server.play("C< [FILE]:photo.png⇥id=1⇥size=1000⇥sha256=\(photo.sha256)\nstop\ncut")
    try alice.see("connection lost")
    try alice.type("\u{4}")
    try alice.see("waiting for the files")
    try server.play("listen\n\(Self.entry(since: 7, join: 8))\n\(ClientScript.missedEnd)")
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play("S> alice sent photo.png (1.0 kB)\n\(photo.offer(from: "alice"))")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 0)
  }

  @Test("/cancel finds what waits by its name, and /quit and /cancel name what they give up")
  func givenUp() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let files = (1...7).map { FileScript("id\($0)", "f\($0)", size: 1_000, seed: UInt64($0)) }
    let paths = try files.map { try $0.write(to: folder) }
    let alice = try Terminal("chat-client", ["--nick", "alice", server.address])
    try server.play(Self.firstEntry)
    try alice.see("Connected to server!")
    try alice.type("/send \(paths.joined(separator: " "))\n")
    for (number, file) in files[..<4].enumerated() {
      try server.play("C< [FILE]:\(file.name)⇥id=\(number + 1)⇥size=1000⇥sha256=\(file.sha256)")
    }
    try alice.type("/cancel f6\n")
    try alice.see("f6 is not sent")
    try alice.type("/quit\n")
    for name in ["f1", "f4", "f5", "f7"] { try alice.see("\(name) is not sent") }
    try server.play("C< [QUIT]:\nS> Bye!\ncut")
    #expect(try alice.exitCode() == 0)
  }

  @Test("what the server refuses is told, once")
  func refused() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    try server.play("C< [FILE]:photo.png⇥id=1⇥size=1000⇥sha256=\(photo.sha256)")
    try server.play("S> [ERROR]:no space⇥code=file-refused⇥id=1")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors == "chat-client: photo.png: no space\n")
  }

  @Test("a file that changes while it is sent is taken back")
  func changed() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 100_000)
    let path = try photo.write(to: folder)
    let alice = try Self.alice(server, sending: [path])
    try server.play("C< [FILE]:photo.png⇥id=1⇥size=100000⇥sha256=\(photo.sha256)")
    try Data("short".utf8).write(to: URL(fileURLWithPath: path + "x"))
    #expect(truncate(path, 10) == 0)
    try server.play("S> [FILE]:photo.png⇥id=1⇥offset=0\nC< [CANCEL]:1")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors == "chat-client: photo.png: it changes while it is sent\n")
  }

  @Test("at a terminal: what was sent, and who has it, is told; lines go between the frames")
  func terminal() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "my photo.png", size: 1_000)
    let path = try photo.write(to: folder)
    let alice = try Terminal("chat-client", ["--nick", "alice", server.address])
    try server.play(Self.firstEntry)
    try alice.see("Connected to server!")
    try alice.type("/send \(path.replacing(" ", with: "\\ "))\n")
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play(photo.offer(from: "alice"))
    try alice.see("* sent my photo.png (1.0 kB)")
    try server.play("S> [GOT]:id1⇥have=1⇥of=2")
    try alice.see("my photo.png: 1 of 2 have it")
    try server.play("S> [GOT]:id1⇥have=2⇥of=2")
    try alice.see("* my photo.png: 2 of 2 have it")
    try alice.type("/files\n")
    try server.play("C< [FILES]:")
    let listed = photo.offer(from: "alice").replacing("[FILE]", with: "[FILES]")
    try server.play("\(listed)⇥time=2026-01-31T12:00:00.000Z\nS> [FILES]:⇥end=1")
    try alice.see("id1  1.0 kB  my photo.png  alice  2026-01-31")
    try alice.type("/get nope\n")
    try server.play("C< [FILES]:nope\nS> [ERROR]:no such file⇥code=no-such-file⇥id=nope")
    // It may be a name that looks like an id.
    try server.play("C< [FILES]:\n\(listed)⇥time=2026-01-31T12:00:00.000Z\nS> [FILES]:⇥end=1")
    try alice.see("! nope: no such file")
    try alice.type("/cancel\n")
    try alice.see("* nothing to cancel")
    try alice.type("/quit\n")
    try server.play("C< [QUIT]:\nS> Bye!\ncut")
    // What was mistyped is no failure.
    #expect(try alice.exitCode() == 0)
  }
}
