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
    // The room's lines go between the frames.
    try photo.send(0..<70_000, by: server)
    try server.play("S> bob: hi")
    try photo.deliver(from: 70_000, by: server)
    let rest = try ClientScript.finish(alice, server)
    #expect(rest == "alice joined!\nbob sent photo.png (150 kB)\nbob: hi\n")
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
    try photo.serve(from: 65_536, by: server)
    try server.play("C< [GOT]:id1\n\(ClientScript.departure())")
    #expect(try alice.exitCode() == 0)
    #expect(folder.bytes(of: "received_photo.png") == photo.bytes)
  }

  @Test("a file that is offered before the last question is answered is waited for, too")
  func lateOffer() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    try alice.endInput()
    let photo = FileScript("id1", "photo.png", size: 10)
    try server.play(
      """
      C< [PING]:chat-client-sent-1
      \(photo.offer())
      S> [PONG]:chat-client-sent-1
      \(photo.get())
      """)
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

  @Test(
    "after a lost connection it is asked for from where it broke, in the middle of a frame as well")
  func lostConnection() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    try film.begin(65_536, by: server)
    try server.play("S~ [DATA]:id1⇥offset=65536⇥size=65536\nS> ")
    try server.send(bytes: Array(film.bytes[65_536..<70_000]))
    try eventually("it is written") { folder.bytes(of: film.part).count == 70_000 }
    try server.play(ClientScript.entry(since: 7, join: 8))
    try server.play("\(ClientScript.missedEnd)\n\(film.get(70_000))")
    try film.deliver(from: 70_000, by: server)
    try ClientScript.finish(alice, server)
    #expect(folder.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("a connection lost three times without a single byte ends it, and says so")
  func lostThreeTimes() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    try film.begin(65_536, by: server)
    for loss in 0..<4 {
      try eventually("it is written") { folder.bytes(of: film.part).count == 65_536 }
      try server.play(ClientScript.entry(since: 7 + loss, join: 8 + loss, missed: [:]))
      if loss < 3 { try server.play(film.get(65_536)) }
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
      try film.deliver(from: 65_536, by: server)
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

  @Test("eight at once, the others in turn")
  func crowd() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let files = (0..<30).map { FileScript("id\($0)", "file", size: 100, seed: UInt64($0)) }
    for file in files { try server.play(file.offer()) }
    for file in files[..<8] { try server.play(file.get()) }
    for (number, file) in files.enumerated() {
      try file.serve(by: server)
      // The next one is asked for and this one is thanked for, in whatever order.
      let next = number + 8 < files.count ? [String(files[number + 8].get().dropFirst(3))] : []
      var expected = Set(["[GOT]:\(file.id)"] + next.map { $0.replacing("⇥", with: "\t") })
      while !expected.isEmpty {
        let line = try server.line() ?? ""
        #expect(expected.remove(line) != nil, "\(line)")
      }
    }
    try ClientScript.finish(alice, server)
    #expect(folder.names.count == 30)
  }

  @Test("going to another room ends what runs, and that is told")
  func move() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading()
    let film = FileScript("id1", "film.mkv", size: 300_000)
    try film.begin(65_536, by: server)
    try alice.type("[ROOM]:#b\n")
    try server.play(
      """
      C< [ROOM]:#b
      C< [PING]:chat-client-sent-1
      S> [CANCEL]:id1
      S> alice joined!
      S> [ROOM]:#b⇥seq=1⇥members=1
      S> [PONG]:chat-client-sent-1
      """)
    try alice.endInput()
    try server.play(ClientScript.departure(questions: 1))
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors.contains(
        "film.mkv: ended, because you go to another room; /get id1 goes on\n"))
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
