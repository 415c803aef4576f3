import Foundation
import TestKit
import Testing

/// The parts of files that come: what others do to them, and what stays of them.
@Suite("Files' parts", .timeLimit(.minutes(1)))
struct FilePartClientTests {
  /// A part of so many zeros, which takes no room on the disk and some time to hash.
  private static func makePart(_ name: String, in folder: TestFolder, size: Int) {
    #expect(FileManager.default.createFile(atPath: "\(folder.path)/\(name)", contents: nil))
    #expect(truncate("\(folder.path)/\(name)", size) == 0)
  }

  @Test(
    "a download that ends while its part is being hashed leaves the part, and nobody waits for it")
  func stoppedWhileHashing() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let digest = String(repeating: "ab", count: 32)
    let size = 400_000_000_000
    let part = ".received_\(digest.prefix(16))-\(size).part"
    Self.makePart(part, in: folder, size: size - 1)
    let alice = try Terminal(
      "chat-client", ["--nick", "alice", "--downloads", folder.path, server.address])
    try server.play(ClientScript.firstEntry)
    try alice.see("Connected to server!")
    try server.play("S> [FILE]:film⇥id=id1⇥from=bob⇥size=\(size)⇥sha256=\(digest)")
    try alice.see("/get id1")
    try alice.type("/get id1\n/cancel\n")
    try alice.see("film is not fetched; /get id1 goes on")
    // The next is hashed at once, not after the one that was given up; and the name is free.
    let small = FileScript("id2", "small", size: 100_000)
    try Data(small.bytes[..<50_000]).write(
      to: URL(fileURLWithPath: "\(folder.path)/\(small.part)"))
    try server.play("\(small.offer())\n\(small.get(50_000))")
    try small.deliver(from: 50_000, by: server)
    try alice.type("/get id1\n/quit\n")
    try server.play("C< [QUIT]:\nS> Bye!\ncut")
    #expect(try alice.exitCode() == 0)
    #expect(folder.names == [part, "received_small"])
    #expect(folder.size(of: part) == size - 1)
  }

  @Test("after /cancel, /get goes on at once, in the same part")
  func cancelAndGet() throws {
    let server = try FakeServer()
    let folder = try TestFolder()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    let alice = try Terminal(
      "chat-client", ["--nick", "alice", "--downloads", folder.path, server.address])
    try server.play(ClientScript.firstEntry)
    try server.play("\(film.offer())\n\(film.get())")
    for have in [0, 65_536] {
      try film.begin(have..<have + 65_536, by: server)
      try eventually("it is written") { folder.bytes(of: film.part).count == have + 65_536 }
      try alice.type("/cancel film.mkv\n/get id1\n")
      try server.takenRequest().waitForEnd()
      try server.play(film.get(have + 65_536))
    }
    try film.deliver(from: 131_072, by: server)
    try alice.see("saved received_film.mkv")
    try alice.type("/quit\n")
    try server.play("C< [QUIT]:\nS> Bye!\ncut")
    #expect(try alice.exitCode() == 0)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("what somebody else writes into a part is found before it has the file's name")
  func overwritten() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 150_000)
    try film.begin(65_536, by: server, into: folder)
    let part = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder.path)/\(film.part)"))
    try part.write(contentsOf: Data([film.bytes[0] ^ 1]))
    try part.close()
    try film.send(65_536..<150_000, by: server)
    try server.play("\(film.sums)\n\(film.get())")
    try film.deliver(by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.names == ["received_film.mkv"])
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("another file under the part's name does not get the file's, nor is it removed")
  func replaced() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 150_000)
    try film.begin(65_536, by: server, into: folder)
    let path = "\(folder.path)/\(film.part)"
    try FileManager.default.removeItem(atPath: path)
    try Data("other".utf8).write(to: URL(fileURLWithPath: path))
    try film.send(65_536..<150_000, by: server)
    try alice.endInput()
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors
        == "chat-client: film.mkv: cannot save it: what was received has been moved or removed\n")
    #expect(folder.names == [film.part])
    #expect(folder.bytes(of: film.part) == Array("other".utf8))
  }

  @Test("where the first part is gone, or another's, the second goes on", arguments: [false, true])
  func secondPart(isTaken: Bool) throws {
    let folder = try TestFolder()
    let film = FileScript("id1", "film.mkv", size: 150_000)
    if isTaken {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/\(film.part)", withDestinationPath: "nowhere")
    }
    let second = film.part.replacing(".part", with: "-2.part")
    try Data(film.bytes[..<70_000]).write(to: URL(fileURLWithPath: "\(folder.path)/\(second)"))
    let (server, _, alice) = try ClientScript.enterDownloading(to: folder)
    try server.play("\(film.offer())\n\(film.get(70_000))")
    try film.deliver(from: 70_000, by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }
}
