import Foundation
import TestKit
import Testing

/// What the real client does before it connects, and where it connects to.
@Suite("The client's command line", .timeLimit(.minutes(1)))
struct ClientFlagTests {
  private static func run(_ arguments: [String]) throws -> (errors: String, code: Int32) {
    let client = try Program("chat-client", ["--nick", "alice"] + arguments)
    try client.endInput()
    _ = try client.rest()
    return (client.errors, try client.exitCode())
  }

  @Test(
    "--send takes one path, and HOST stands where it likes",
    arguments: [["--send", "F", "HOST"], ["HOST", "--send=F"], ["--send", "F", "--", "HOST"]])
  func sendThenHost(_ words: [String]) throws {
    let (server, folder) = (try TestServer(), try TestFolder())
    let path = try FileScript("", "report.txt", size: 1_000).write(to: folder)
    let result = try Self.run(
      words.map { $0.replacing("HOST", with: server.address).replacing("F", with: path) })
    #expect(result.errors == "chat-client: sent report.txt (1.0 kB)\n" || result.errors == "")
    #expect(result.code == 0)
    #expect(try server.storedFiles() == 1)
  }

  @Test("--send may be given several times, also for a name that looks like a flag")
  func sendTwice() throws {
    let (server, folder) = (try TestServer(), try TestFolder())
    let files = ["a", "--b"].enumerated().map { FileScript("", $1, size: 10, seed: UInt64($0)) }
    let paths = try files.map { try $0.write(to: folder) }
    let result = try Self.run(["--send", paths[0], server.address, "--send", paths[1]])
    #expect(result.code == 0, "\(result.errors)")
    #expect(try server.storedFiles() == 2)
  }

  @Test(
    "a file that can't be sent ends it before it connects",
    arguments: [
      ("nope", "No such file or directory"), ("folder", "Is a directory"),
      ("pipe", "it is not a file"), ("", "No such file or directory"),
    ])
  func unreadable(_ name: String, _ reason: String) throws {
    let folder = try TestFolder()
    let good = try FileScript("", "good", size: 10).write(to: folder)
    #expect(mkdir("\(folder.path)/folder", 0o700) == 0)
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    let path = name.isEmpty ? "" : "\(folder.path)/\(name)"
    // Whoever connected would be refused, and end with 69.
    let result = try Self.run(["--send", good, "127.0.0.1:1", "--send", path])
    #expect(result.code == 2)
    #expect(result.errors == "chat-client: --send: cannot read '\(path)': \(reason)\n")
  }

  @Test("several hosts are tried in turn, and each that can't be had is told")
  func hosts() throws {
    let server = try TestServer()
    let result = try Self.run(["127.0.0.1:1", server.address, "127.0.0.1:2"])
    #expect(result.errors == "chat-client: cannot connect to 127.0.0.1:1: Connection refused\n")
    #expect(result.code == 0)
    let nobody = try Self.run(["127.0.0.1:1", "127.0.0.1:2"])
    // What to do about it is told once, in the end.
    #expect(
      nobody.errors.hasPrefix(
        """
        chat-client: cannot connect to 127.0.0.1:1: Connection refused
        chat-client: cannot connect to 127.0.0.1:2: Connection refused
        chat-client: Is a server running there?
        """))
    #expect(nobody.errors.split(separator: "\n").count == 3)
    #expect(nobody.code == 69)
  }

  @Test("a host that takes nobody is no reason not to try the next")
  func fullHost() throws {
    let (full, server) = (try TestServer("--max-clients", "1"), try TestServer())
    let bob = try full.join("bob")
    let result = try Self.run([full.address, server.address])
    withExtendedLifetime(bob) {
      #expect(result.errors == "chat-client: the server is full\n")
      #expect(result.code == 0)
    }
  }

  @Test("--downloads makes its folder, with those above it")
  func downloads() throws {
    let (server, folder) = (try TestServer(), try TestFolder())
    let path = "\(folder.path)/a b/c/"
    let result = try Self.run(["--downloads", path, server.address])
    #expect(result.code == 0, "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: path))
    let file = try FileScript("", "file", size: 10).write(to: folder)
    let none = try Self.run(["--downloads", "\(file)/x", "127.0.0.1:1"])
    #expect(none.code == 2)
    #expect(
      none.errors == "chat-client: --downloads: cannot write to \(file)/x: Not a directory\n")
  }
}
