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

  @Test("--send: announced, sent, waited for until the room is told, and gone")
  func send() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "my photo.png", size: 150_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play("S> alice sent my photo.png (150 kB)\n\(photo.offer(from: "alice"))")
    try photo.finish(by: server)
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
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play("S> alice sent photo.png (100 B)")
    try photo.finish(by: server)
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors.split(separator: "\n").sorted() == [
        "chat-client: /proc/version: it changes while it is sent",
        "chat-client: \(folder.path)/large: it has 1.0 MB, and the server takes at most 1.0 MB",
      ])
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
    try photo.announce(by: server)
    #expect(try photo.take(by: server, count: 65_536) == Array(photo.bytes[..<65_536]))
    try photo.breakOff(by: server)
    try server.request("HEAD /files/uploads/photo.png").answer(
      "200 OK", ["Upload-Offset: 65536"], text: "")
    #expect(try photo.take(by: server, from: 65_536) == Array(photo.bytes[65_536...]))
    // The talk, too, once it has all, but before it says so.
    try server.play("cut")
    try photo.breakOff(by: server)
    try server.play(
      Self.entry(since: 7, join: 8).replacing(ClientScript.token, with: "anotherToken"))
    try server.play(ClientScript.missedEnd)
    // With another token it is announced anew.
    let request = try server.request("POST /files")
    #expect(request.fields["authorization"] == "Bearer anotherToken")
    try request.answer(
      "201 Created", ["Location: /files/uploads/2", "Upload-Offset: 150000"], text: "")
    // All of it is there, and yet the room has not been told: it is asked for that.
    try server.request("HEAD /files/uploads/2").answer(
      "200 OK", ["Upload-Offset: 150000"], text: "")
    let last = try server.request("PATCH /files/uploads/2")
    #expect(last.fields["upload-offset"] == "150000" && last.fields["content-length"] == "0")
    try last.answer(
      "204 No Content", ["Upload-Offset: 150000", "Location: /files/id1/a"], text: "")
    try server.play("S> alice sent photo.png (150 kB)")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 0)
  }

  @Test("a sender that was stopped too long, or is one too many, tries again")
  func busy() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let alice = try Self.alice(server, sending: [photo.write(to: folder)])
    try server.play("C< POST /files\nH> 503 Service Unavailable")
    #expect(try photo.receive(by: server) == photo.bytes)
    try server.play(
      "H> 408 Request Timeout")
    try server.request("HEAD /files/uploads/photo.png").answer(
      "200 OK", ["Upload-Offset: 500"], text: "")
    #expect(try photo.take(by: server, from: 500) == Array(photo.bytes[500...]))
    try photo.finish(by: server)
    try server.play("S> alice sent photo.png (1.0 kB)")
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
    try server.play("cut")
    try photo.breakOff(by: server)
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
    try server.play("S> alice sent photo.png (1.0 kB)\ncut")
    try photo.breakOff(by: server)
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
      try server.play("H> 460 Checksum Mismatch")
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
    try photo.breakOff(by: server)
    try server.play(Self.entry(since: 7, join: 8))
    try server.play(ClientScript.missedEnd)
    // Another server knows nothing of it.
    try server.play("C< HEAD /files/uploads/photo.png\nH> 404 Not Found")
    #expect(try photo.receive(by: server) == photo.bytes)
    try photo.finish(by: server)
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
    try server.play("C< POST /files\ncut")
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
    try server.play("C< POST /files\nstop\ncut")
    try photo.breakOff(by: server)
    try alice.see("connection lost")
    try alice.type("\u{4}")
    try alice.see("waiting for the files")
    try server.play("listen\n\(Self.entry(since: 7, join: 8))\n\(ClientScript.missedEnd)")
    #expect(try photo.receive(by: server) == photo.bytes)
    try photo.finish(by: server)
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
    for _ in files[..<4] { try server.play("C< POST /files") }
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
    try server.play(
      "C< POST /files\nH> 507 Insufficient Storage⇥507 Insufficient Storage: no space⏎")
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
    let request = try server.request("POST /files")
    #expect(truncate(path, 10) == 0)
    try request.answer("201 Created", ["Location: /files/uploads/1", "Upload-Offset: 0"], text: "")
    try server.play("C< DELETE /files/uploads/1\nH> 204 No Content")
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors == "chat-client: photo.png: it changes while it is sent\n")
  }

  @Test("at a terminal: what was sent, and who has it, is told")
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
    // The room's word is enough.
    try server.play(photo.offer(from: "alice"))
    try alice.see("* sent my photo.png (1.0 kB)")
    try server.takenRequest().waitForEnd()
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
