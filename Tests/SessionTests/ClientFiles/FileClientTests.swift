import Foundation
import TestKit
import Testing

/// The real client, which is offered files by a server that does what a test wrote down.
@Suite("Files come to the client", .timeLimit(.minutes(1)))
struct FileClientTests {
  @Test("a small file is fetched as it is offered, saved under its name, and told of")
  func small() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let photo = FileScript("k3Fq9ZxY1bQw", "photo.png", size: 150_000)
    try server.play("S> bob sent photo.png (150 kB)\n\(photo.offer())\n\(photo.get())")
    // The room's lines come meanwhile.
    try photo.begin(0..<70_000, by: server)
    try server.play("S> bob: hi")
    #expect(try alice.line() == "alice joined!")
    #expect(try alice.line() == "bob sent photo.png (150 kB)")
    #expect(try alice.line() == "bob: hi")
    try photo.goOn(from: 70_000, by: server)
    let rest = try ClientScript.finish(alice, server)
    #expect(rest == "")
    #expect(alice.errors == "chat-client: saved received_photo.png (150 kB)\n")
    #expect(folder.names == ["received_photo.png"])
    #expect(folder.bytes(of: "received_photo.png") == photo.bytes)
  }

  @Test("at the end of input it waits for the files that are on their way")
  func endOfInput() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let photo = FileScript("id1", "photo.png", size: 100_000)
    try photo.begin(65_536, by: server)
    try alice.endInput()
    try photo.goOn(from: 65_536, by: server)
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 0)
    #expect(folder.bytes(of: "received_photo.png") == photo.bytes)
  }

  @Test("a file that is offered before the last question is answered is waited for, too")
  func lateOffer() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    try alice.endInput()
    let photo = FileScript("id1", "photo.png", size: 10)
    try server.play("C< [PING]:chat-client-sent-1")
    // Both come at once: else the file may have come before the answer.
    let offer = photo.offer().dropFirst(3).replacing("⇥", with: "\t")
    try server.send(bytes: Array("\(offer)\n[PONG]:chat-client-sent-1\n".utf8))
    try server.play(photo.get())
    try photo.serve(by: server)
    try server.play("C< [GOT]:id1\n\(ClientScript.departure(questions: 1))")
    #expect(try alice.exitCode() == 0)
    #expect(folder.bytes(of: "received_photo.png") == photo.bytes)
  }

  @Test("a large file waits for /get, and none is fetched with --auto-accept 0, nor one's own")
  func large() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading("--auto-accept", "0")
    let own = FileScript("id2", "mine", size: 10)
    try server.play(
      "\(FileScript("id1", "film.mkv", size: 10).offer())\n\(own.offer(from: "alice"))")
    try ClientScript.finish(alice, server)
    #expect(alice.errors == "chat-client: bob offers film.mkv (10 B): larger than --auto-accept\n")
    #expect(folder.names == [])
  }

  @Test("after SIGKILL, the next client goes on where the last ended")
  func killed() throws {
    let folder = try TestFolder()
    let film = FileScript("id1", "film.mkv", size: 3_000_000)
    do {
      let (server, _, alice) = try ClientScript.enterDownloading(to: folder)
      try film.begin(2_000_000, by: server)
      try eventually("all is written") { folder.bytes(of: film.part).count == 2_000_000 }
      alice.signal(SIGKILL)
      #expect(try alice.exitCode() == -SIGKILL)
    }
    let (server, _, alice) = try ClientScript.enterDownloading(to: folder)
    try server.play("\(film.offer())\n\(film.get(2_000_000))")
    try film.deliver(from: 2_000_000, by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.names == ["received_film.mkv"])
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("where a connection breaks it goes on over the next; the talk notices nothing")
  func lostConnection() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    try film.begin(70_000, by: server, into: folder)
    try film.breakOff(by: server)
    try server.play(film.get(70_000))
    try film.deliver(from: 70_000, by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("a server that takes a request for talk is asked again, and that is no loss")
  func late() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    try server.play("\(photo.offer())\n\(photo.get())")
    for _ in 0..<2 {
      try server.takenRequest().send(Array("NICK\n".utf8))
      try photo.breakOff(by: server)
      try server.play(photo.get())
    }
    try photo.deliver(by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.names == ["received_photo.png"])
  }

  @Test("while the talk is away the file goes on; what breaks off then waits for the talk")
  func lostTalk() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    try film.begin(70_000, by: server, into: folder)
    try server.play("stop\ncut")
    try film.send(70_000..<80_000, by: server)
    try eventually("it goes on") { folder.size(of: film.part) == 80_000 }
    try film.breakOff(by: server)
    try server.play("listen\n\(ClientScript.entry(since: 7, join: 8))\n\(ClientScript.missedEnd)")
    try server.play(film.get(80_000))
    try film.deliver(from: 80_000, by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("a connection lost three times without a single byte ends it, and says so")
  func lostThreeTimes() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    try film.begin(65_536, by: server, into: folder)
    try film.breakOff(by: server)
    for loss in 0..<3 {
      try server.play(film.get(65_536))
      try film.breakOff(by: server)
      // The last attempt is made only once the talk is known to live.
      guard loss == 1 else { continue }
      try server.play("C< [PING]:chat-client-alive\nS> [PONG]:chat-client-alive")
    }
    try alice.endInput()
    try server.play(ClientScript.departure())
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors.contains("film.mkv: the connection was lost three times; /get id1 goes on"))
    #expect(folder.names == [film.part])
  }

  @Test("two clients in one folder do not write one file")
  func together() throws {
    let folder = try TestFolder()
    let film = FileScript("id1", "film.mkv", size: 100_000)
    let sessions = try (0..<2).map { _ in try ClientScript.enterDownloading(to: folder) }
    for (server, _, _) in sessions {
      try film.begin(65_536, by: server)
    }
    for (server, _, client) in sessions {
      try film.goOn(from: 65_536, by: server)
      try ClientScript.finish(client, server)
    }
    #expect(folder.names == ["received_film (2).mkv", "received_film.mkv"])
    for name in folder.names { #expect(folder.bytes(of: name) == film.bytes) }
  }

  @Test("a folder that is none ends it before it connects")
  func noFolder() throws {
    let alice = try Program(
      "chat-client", ["--nick", "a", "--downloads", "/proc/nope", "127.0.0.1:1"])
    #expect(try alice.exitCode() == 2)
    #expect(
      alice.errors
        == "chat-client: --downloads: cannot write to /proc/nope: No such file or directory\n")
  }

  @Test("four at once, the others in turn")
  func crowd() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let files = (0..<30).map { FileScript("id\($0)", "file", size: 100, seed: UInt64($0)) }
    for file in files { try server.play(file.offer()) }
    let open = try files[..<4].map { try server.request("GET /files/\($0.id)") }
    #expect(open.count == 4)
    // The fifth comes once one of the four has ended, and so on.
    for (number, file) in files.enumerated() {
      if number < 4 {
        try open[number].answer("200 OK", ["Content-Length: 100"])
        try open[number].send(file.bytes)
        open[number].end()
      } else {
        try server.play(file.get())
        try file.serve(by: server)
      }
      try server.play("C< [GOT]:\(file.id)")
    }
    try ClientScript.finish(alice, server)
    #expect(folder.names.count == 30)
  }

  @Test("going to another room ends what runs, and that is told")
  func move() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    try film.begin(65_536, by: server, into: folder)
    try alice.type("[ROOM]:#b\n")
    try server.play(
      """
      C< [ROOM]:#b
      C< [PING]:chat-client-sent-1
      S> alice joined!
      S> [ROOM]:#b⇥seq=1⇥members=1
      S> [PONG]:chat-client-sent-1
      """)
    try server.takenRequest().waitForEnd()
    try alice.endInput()
    try server.play(ClientScript.departure(questions: 1))
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors.contains("film.mkv: ended, because you went to another room\n"))
    #expect(folder.bytes(of: film.part) == Array(film.bytes[..<65_536]))
  }

  @Test("a file that was told of just before the connection was lost is found, and fetched")
  func unnamedOffer() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    let older = FileScript("id2", "photo.png", size: 2_000)
    try server.play("S> bob sent photo.png (1.0 kB)")
    try server.play(ClientScript.entry(since: 8, join: 9))
    try server.play("\(ClientScript.missedEnd)\nC< [FILES]:")
    for file in [photo, older] {
      let listed = file.offer().replacing("[FILE]", with: "[FILES]")
      try server.play("\(listed)⇥time=2026-01-31T12:00:00.000Z")
    }
    try server.play("S> [FILES]:⇥end=1\n\(photo.get())")
    try photo.deliver(by: server)
    #expect(try ClientScript.finish(alice, server).contains("id2") == false)
    #expect(folder.names == ["received_photo.png"])
  }

  @Test("what was offered while the connection was lost is fetched as well")
  func missedOffer() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let photo = FileScript("id1", "photo.png", size: 1_000)
    try server.play(ClientScript.entry(since: 7, join: 9))
    try server.play("\(ClientScript.past(8, "bob sent photo.png (1.0 kB)"))⇥file=id1")
    try server.play("\(ClientScript.missedEnd)\nC< [FILES]:id1")
    let listed = photo.offer().replacing("[FILE]", with: "[FILES]")
    try server.play("\(listed)⇥time=2026-01-31T12:00:00.000Z\nS> [FILES]:⇥end=1\n\(photo.get())")
    try photo.deliver(by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.bytes(of: "received_photo.png") == photo.bytes)
  }
}
