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
    try server.play("\(film.sums)\n\(film.get(1_048_576))")
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
      try server.play(film.sums)
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
    try server.play("\(other.sums)\n\(film.get())")
    try film.deliver(by: server)
    try ClientScript.finish(alice, server, code: 0)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test(
    "an answer that is not the rest of the file is not written, and asked for again",
    arguments: [
      "200 OK⇥Content-Length: 100000", "206 Partial Content⇥Content-Length: 90000",
      "206 Partial Content⇥Content-Length: 90000⇥Content-Range: bytes 10001-99999/100000",
      "206 Partial Content⇥Content-Length: 90000⇥Content-Range: bytes 10000-99999/100001",
      "206 Partial Content⇥Content-Length: 1000000⇥Content-Range: bytes 10000-99999/100000",
      "206 Partial Content⇥Content-Length: 0⇥Content-Range: bytes 10000-99999/100000",
    ])
  func hostile(_ head: String) throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 100_000)
    try film.begin(10_000, by: server, into: folder)
    try film.breakOff(by: server)
    let parts = head.split(separator: "⇥").map { String($0) }
    try server.play(film.get(10_000))
    try server.takenRequest().answer(parts[0], Array(parts.dropFirst()))
    // What comes all the same is not written.
    if !head.contains("Length: 0⇥") { try? server.takenRequest().send([1, 2, 3]) }
    try film.breakOff(by: server)
    try server.play(film.get(10_000))
    try film.deliver(from: 10_000, by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.names == ["received_film.mkv"])
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("offers of what can't be are not fetched")
  func absurdOffers() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    for id in ["x", "y"] {
      try server.play("S> [FILE]:x⇥id=\(id)⇥from=bob⇥size=5⇥sha256=\(id)")
    }
    let absurd = String(repeating: "0", count: 64)
    try server.play("S> [FILE]:x⇥id=z⇥from=bob⇥size=18446744073709551615⇥sha256=\(absurd)")
    try ClientScript.finish(alice, server, code: 1)
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
    try server.takenRequest().waitForEnd()
    try server.play("S> bob: hi")
    while try alice.line() != "bob: hi" {}
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors.contains("film.mkv: cannot write received_film.mkv: File too large\n"))
    #expect(folder.names == [film.part])
    #expect(folder.bytes(of: film.part) == Array(film.bytes[..<100_000]))
  }

  @Test(
    "the server's word ends a download",
    arguments: [
      ("404 Not Found⇥404 Not Found: there is no such file⏎", "there is no such file"),
      ("410 Gone⇥410 Gone: the file is no longer kept⏎", "the file is no longer kept"),
      ("502 Bad Gateway", "the server answers 502"),
      ("302 Found⇥elsewhere", "elsewhere"),
    ])
  func ended(_ answer: String, _ reason: String) throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 200_000)
    try server.play("\(film.offer())\n\(film.get())\nH> \(answer)")
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors == "chat-client: film.mkv: \(reason)\n")
    #expect(folder.names == [])
  }
}
