import Foundation
import TestKit
import Testing

/// Real clients send each other files through the real server.
@Suite("Files from client to client", .timeLimit(.minutes(1)))
struct FileExchangeTests {
  private static func send(_ path: String, as nickname: String, to address: String) throws
    -> Program
  {
    try Program("chat-client", ["--nick", nickname, address, "--send", path])
  }

  @Test("sent, fetched, checked and saved")
  func exchange() throws {
    let server = try TestServer("--rate", "0")
    let (from, to) = (try TestFolder(), try TestFolder())
    let film = FileScript("", "film.mkv", size: 5_000_000)
    let bob = try Program(
      "chat-client", ["--nick", "bob", "--downloads", to.path, server.address])
    #expect(try bob.line() == "bob joined!")
    let alice = try Self.send(film.write(to: from), as: "alice", to: server.address)
    #expect(try alice.exitCode() == 0, "\(alice.errors)")
    try bob.endInput()
    let rest = try bob.rest()
    #expect(rest.contains("alice sent film.mkv (5.0 MB)"))
    #expect(try bob.exitCode() == 0, "\(bob.errors)")
    #expect(to.names == ["received_film.mkv"])
    #expect(to.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("an empty file, too")
  func empty() throws {
    let server = try TestServer()
    let (from, to) = (try TestFolder(), try TestFolder())
    let bob = try Program(
      "chat-client", ["--nick", "bob", "--downloads", to.path, server.address])
    #expect(try bob.line() == "bob joined!")
    let path = try FileScript("", "empty", size: 0).write(to: from)
    #expect(try Self.send(path, as: "alice", to: server.address).exitCode() == 0)
    try bob.endInput()
    _ = try bob.rest()
    #expect(try bob.exitCode() == 0, "\(bob.errors)")
    #expect(to.names == ["received_empty"])
  }

  @Test("a server without HTTP sends no files to clients, and takes none")
  func noHTTP() throws {
    let server = try TestServer("--rate", "0", "--no-http")
    let folder = try TestFolder()
    let photo = FileScript("", "photo.png", size: 1_000)
    let path = try photo.write(to: folder)
    let alice = try Self.send(path, as: "alice", to: server.address)
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors == "chat-client: \(path): the server takes no files by HTTP\n")
    let bob = try Program(
      "chat-client", ["--nick", "bob", "--downloads", folder.path, server.address])
    while try bob.line() != "bob joined!" {}
    let carol = try server.join("carol")
    try carol.send("[FILE]:notes\n123<END>\n")
    try eventually("it is told") {
      bob.errors == "chat-client: notes: the server sends no files by HTTP\n"
    }
    try bob.endInput()
    #expect(try bob.exitCode() == 1)
  }

  @Test("no proxy of the environment stands between the client and its server")
  func proxy() throws {
    let server = try TestServer("--rate", "0")
    let folder = try TestFolder()
    let path = try FileScript("", "photo.png", size: 1_000).write(to: folder)
    let alice = try Program(
      "env",
      [
        "http_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1",
        Program.path(of: "chat-client"), "--nick", "alice", server.address, "--send", path,
      ])
    #expect(try alice.exitCode() == 0, "\(alice.errors)")
  }

  @Test("the connection is cut again and again, for both: it arrives once, whole")
  func cut() throws {
    let server = try TestServer("--rate", "0")
    let proxy = try CuttingProxy(to: server.port)
    let (from, to) = (try TestFolder(), try TestFolder())
    let film = FileScript("", "film.mkv", size: 80_000_000)
    let bob = try Program(
      "chat-client",
      ["--nick", "bob", "--auto-accept", "1G", "--downloads", to.path, proxy.address])
    #expect(try bob.line() == "bob joined!")
    let alice = try Self.send(film.write(to: from), as: "alice", to: proxy.address)
    // Whoever is cut comes back by itself.
    try SeededRandom.run { random in
      for _ in 0..<4 {
        let enough = proxy.bytesToServer + Int.random(in: 1...10_000_000, using: &random)
        // Where all of it got through in spite of that, alice has left.
        try eventually("both are connected, and some of it has come") {
          proxy.connections > 1 && proxy.bytesToServer >= enough
            || (try? alice.exitCode(within: 0)) != nil
        }
        proxy.cut()
      }
    }
    #expect(try alice.exitCode() == 0, "\(alice.errors)")
    // The second half of the way is cut as well.
    for part in 1...3 {
      try eventually("some of it has come") {
        to.names.allSatisfy { !$0.hasSuffix(".part") || to.size(of: $0) > part * 10_000_000 }
          && !to.names.isEmpty
      }
      proxy.cut()
    }
    try eventually("it has come") { to.names == ["received_film.mkv"] }
    try bob.endInput()
    let rest = try bob.rest()
    #expect(rest.ranges(of: "alice sent film.mkv").count == 1)
    #expect(try bob.exitCode() == 0, "\(bob.errors)")
    #expect(to.bytes(of: "received_film.mkv") == film.bytes)
  }

  @Test("--json tells of everything")
  func json() throws {
    let server = try TestServer()
    let (from, to) = (try TestFolder(), try TestFolder())
    let bob = try Program(
      "chat-client", ["--nick", "bob", "--json", "--downloads", to.path, server.address])
    let photo = FileScript("", "photo.png", size: 1_000)
    while try bob.line()?.contains("welcome") == false {}
    let path = try photo.write(to: from)
    let alice = try Program(
      "chat-client", ["--nick", "alice", "--json", server.address, "--send", path])
    let sent = try alice.rest()
    #expect(sent.contains(#""event":"sent","id":""#))
    try bob.type("[FILES]:\n")
    try bob.endInput()
    let rest = try bob.rest()
    for part in [
      #""event":"offer","from":"alice","id":""#,
      #""name":"photo.png","sha256":"\#(photo.sha256)","size":1000"#,
      #""event":"saved","id":""#, #""path":"\#(to.path)/received_photo.png","size":1000}"#,
      #"{"event":"files","from":"alice""#,
    ] {
      #expect(rest.contains(part), "\(part) is not in \(rest)")
    }
  }

  @Test("at a terminal: a large file waits for /get; going to another room ends what runs")
  func get() throws {
    let server = try TestServer("--rate", "0")
    let (from, to) = (try TestFolder(), try TestFolder())
    let film = FileScript("", "film.mkv", size: 2_000_000)
    let bob = try Terminal(
      "chat-client",
      ["--nick", "bob", "--auto-accept", "1M", "--downloads", to.path, server.address])
    try bob.see("Connected to server!")
    #expect(try Self.send(film.write(to: from), as: "alice", to: server.address).exitCode() == 0)
    try bob.see("* alice offers film.mkv (2.0 MB): /get ")
    let id = try bob.see("\r\n")
    try bob.type("/get \(id.trimmingCharacters(in: .whitespaces))\n")
    try bob.see("* saved received_film.mkv (2.0 MB)")
    #expect(to.bytes(of: "received_film.mkv") == film.bytes)
    try bob.type("/get nope\n")
    try bob.see("! nope: there is no such file in this room")
    try bob.type("/get \(id.trimmingCharacters(in: .whitespaces))\n/join #other\n")
    try bob.see("You are in #other")
    // Nothing is waited for any more.
    try bob.type("\u{4}")
    try bob.see("Bye!")
    #expect(try bob.exitCode() == 1)
  }

  @Test("the same bytes under several names, more than may go at once")
  func same() throws {
    let server = try TestServer("--rate", "0")
    let folder = try TestFolder()
    let bytes = FileScript("", "a", size: 200_000).bytes
    let names = (0..<6).map { "copy\($0)" }
    let paths = names.map { "\(folder.path)/\($0)" }
    for path in paths { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
    let alice = try Program(
      "chat-client",
      ["--nick", "alice", "--json", server.address]
        + (paths + [paths[0], paths[0]]).flatMap { ["--send", $0] })
    let output = try alice.rest()
    #expect(try alice.exitCode() == 0, "\(output)")
    for name in names { #expect(output.contains(#""name":"\#(name)","size":200000"#)) }
    #expect(output.ranges(of: #""event":"sent""#).count == 8)
  }

  @Test("what a disk has spoiled is found, and fetched again from there")
  func spoiledPart() throws {
    let server = try TestServer("--rate", "0")
    let (from, to) = (try TestFolder(), try TestFolder())
    let film = FileScript("", "film.mkv", size: 5_000_000)
    var part = Data(film.bytes[..<4_000_000])
    part[1_500_000] ^= 1
    try part.write(to: URL(fileURLWithPath: "\(to.path)/\(film.part)"))
    let bob = try Program(
      "chat-client", ["--nick", "bob", "--downloads", to.path, server.address])
    #expect(try bob.line() == "bob joined!")
    let path = try film.write(to: from)
    #expect(try Self.send(path, as: "alice", to: server.address).exitCode() == 0)
    try bob.endInput()
    _ = try bob.rest()
    #expect(try bob.exitCode() == 0)
    #expect(bob.errors.contains("film.mkv came damaged; the rest is fetched again"))
    #expect(to.names == ["received_film.mkv"])
    #expect(to.bytes(of: "received_film.mkv") == film.bytes)
  }
}
