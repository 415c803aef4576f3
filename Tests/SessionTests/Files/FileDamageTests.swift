import Foundation
import TestKit
import Testing

/// The real client, and a server, or a disk, that does not keep what was promised.
@Suite("What comes is not what was sent", .timeLimit(.minutes(1)))
struct FileDamageTests {
  @Test("a flipped bit is found, and the file fetched again from the block it is in")
  func flip() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 3_000_000)
    try server.play("\(film.offer())\n\(film.get())")
    try film.serve(by: server, flipping: 1_500_000)
    try server.play("C< [SUMS]:id1⇥from=0\n\(film.sums)\n\(film.get(1_048_576))")
    #expect(folder.names == [film.part])
    try film.deliver(from: 1_048_576, by: server)
    try ClientScript.finish(alice, server, code: 0)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("three times wrong: it is told, and what is right stays for the next time")
  func threeFlips() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 3_000_000)
    try server.play("\(film.offer())\n\(film.get())")
    for offset in [0, 1_048_576, 1_048_576] {
      if offset > 0 { try server.play(film.get(offset)) }
      try film.serve(from: offset, by: server, flipping: 2_000_000)
      try server.play("C< [SUMS]:id1⇥from=0\n\(film.sums)")
    }
    try ClientScript.finish(alice, server, code: 1)
    #expect(
      alice.errors.contains(
        "film.mkv: what came is not what was sent, three times; /get id1 tries again\n"))
    #expect(folder.names == [film.part])
    #expect(folder.bytes(of: film.part) == Array(film.bytes[..<1_048_576]))
  }

  @Test("sums that find nothing wrong: all of it is fetched again")
  func noBadBlock() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 100_000)
    let other = FileScript("id1", "film.mkv", size: 100_000, seed: 2)
    try server.play("\(film.offer())\n\(film.get())")
    try other.serve(by: server)
    try server.play("C< [SUMS]:id1⇥from=0\n\(other.sums)\n\(film.get())")
    try film.deliver(by: server)
    try ClientScript.finish(alice, server, code: 0)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("what nobody asked for, frames in the wrong place, and too many bytes are not written")
  func hostile() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 100_000)
    try FileScript("id9", "x", size: 70_000).serve(by: server)
    try film.begin(10_000, by: server)
    try film.send(20_000..<30_000, by: server)
    try server.play(film.get(10_000))
    // What was asked for before may still be on its way, its end as well.
    try film.serve(from: 30_000, by: server)
    try film.send(10_000..<90_000, by: server)
    try server.send(bytes: Array("[DATA]:id1\toffset=90000\tsize=10001\n".utf8))
    try server.send(bytes: [UInt8](repeating: 0, count: 10_001))
    try server.play(film.get(90_000))
    try film.deliver(from: 90_000, by: server)
    for id in ["x", "y"] {
      try server.play("S> [FILE]:x⇥id=\(id)⇥from=bob⇥size=5⇥sha256=\(id)")
    }
    let absurd = String(repeating: "0", count: 64)
    try server.play("S> [FILE]:x⇥id=z⇥from=bob⇥size=18446744073709551615⇥sha256=\(absurd)")
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors.contains("the server sends a file that nobody asked for"))
    #expect(folder.names == ["received_film.mkv"])
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("a frame over the limit breaks the connection, and nothing is kept for it")
  func hugeFrame() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    try server.play("S> [DATA]:id1⇥offset=0⇥size=65537\nS> bob: not seen")
    try server.play("C< (end)")
    try eventually("it is told") { alice.errors.contains("the server breaks the protocol") }
    #expect(folder.names == [])
  }

  @Test("a full disk ends the download, and nothing else")
  func fullDisk() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 200_000)
    // None of the client's files can grow beyond that, as if there were no space.
    let limit = try Program("prlimit", ["--pid", "\(alice.pid)", "--fsize=100000:unlimited"])
    #expect(try limit.exitCode() == 0, "\(limit.errors)")
    try film.begin(131_072, by: server)
    try server.play("C< [CANCEL]:id1")
    try film.send(131_072..<200_000, by: server)
    try server.play("S> [CANCEL]:id1\nS> bob: hi")
    while try alice.line() != "bob: hi" {}
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors.contains("film.mkv: cannot write received_film.mkv: File too large\n"))
    #expect(folder.names == [film.part])
    #expect(folder.bytes(of: film.part) == Array(film.bytes[..<100_000]))
  }

  @Test(
    "the server's word ends a download",
    arguments: ["[CANCEL]:id1", "[ERROR]:gone⇥code=no-such-file⇥id=id1"])
  func ended(_ line: String) throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 200_000)
    try server.play("\(film.offer())\n\(film.get())\nS> \(line)")
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors.contains("film.mkv: "))
    #expect(folder.names == [])
  }
}
