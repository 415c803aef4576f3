import ChatCore
import ChatCrypto
import Foundation
import TestKit
import Testing

/// Real clients and servers are killed in the middle of a file.
@Suite("Files and SIGKILL", .serialized, .timeLimit(.minutes(4)))
struct FileKillTests {
  private static let size = Environment.isSanitized ? 16_000_000 : 268_435_456
  /// What may go over the wire twice. What is lost each time is as much for the sanitizer's small file.
  private static let most = Environment.isSanitized ? 3.0 : 1.05
  /// How often somebody is killed, every sixth time the server; and how much has come then at most. As much again gets
  /// through while somebody looks, however slow that is: never all of the file.
  private static let rounds = Environment.isSanitized ? 6 : 24
  private static let step = size / (Environment.isSanitized ? 20 : 60)
  private static let limits = ["--rate", "0", "--max-file", "1G", "--log-level", "warning"]

  /// A random file of that size in a folder.
  private static func film(_ folder: TestFolder, using random: inout SeededRandom) throws -> String
  {
    let path = "\(folder.path)/film.mkv"
    var bytes = Data(capacity: size)
    while bytes.count < size { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
    try bytes.write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func length(_ path: String) -> Int {
    (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
  }

  private static func digest(_ path: String) throws -> SHA256Digest {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    return try bytes.withUnsafeBytes { try SHA256.digest(of: $0) }
  }

  /// A folder's only file whose name ends so.
  private static func file(in folder: String, ending: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.first { $0.hasSuffix(ending) }.map { "\(folder)/\($0)" }
  }

  @Test(
    "the receiver is killed 20 times at random, and the server 4 times: the file comes whole, hardly anything twice"
  )
  func download() throws {
    try SeededRandom.run { random in
      let (from, to, data) = (try TestFolder(), try TestFolder(), try TestFolder())
      let film = try Self.film(from, using: &random)
      var server = try TestServer(arguments: Self.limits, data: data)
      let alice = try Program(
        "chat-client", ["--nick", "alice", server.address, "--send", film])
      #expect(try alice.exitCode(within: 60) == 0, "\(alice.errors)")
      let proxy = try CuttingProxy(to: server.port, bufferBytes: 65_536)
      let asker = try server.joinSpeaking("asker")
      try asker.send("[FILES]:\n")
      let id =
        try asker.line()?.split(separator: "\t").first { $0.hasPrefix("id=") }?.dropFirst(3) ?? ""
      let part = { Self.file(in: to.path, ending: ".part").map(Self.length) ?? 0 }
      for round in 1...Self.rounds {
        // A person's terminal: only there /get is a command.
        let bob = try Terminal(
          "chat-client", ["--nick", "bob", "--downloads", to.path, proxy.address])
        try bob.see("Connected to server!")
        let end = part() + Int.random(in: 1...Self.step, using: &random)
        proxy.allow(2 * Self.step)
        try bob.type("/get \(id)\r")
        try eventually("some more has come") { part() >= end }
        guard round % 6 == 0 else {
          bob.signal(SIGKILL)
          proxy.cut()
          continue
        }
        server.program.signal(SIGKILL)
        _ = try server.program.exitCode()
        let left = part()
        proxy.allow(2 * Self.step)
        // The same client comes back to it by itself.
        server = try TestServer(arguments: Self.limits, data: data, port: server.port)
        try bob.see("connected again")
        try eventually("it goes on by itself") { part() > left }
        bob.signal(SIGKILL)
        proxy.cut()
      }
      proxy.allow(nil)
      let bob = try Terminal(
        "chat-client", ["--nick", "bob", "--downloads", to.path, proxy.address])
      try bob.see("Connected to server!")
      try bob.type("/get \(id)\r")
      try bob.see("saved received_film.mkv", within: 60)
      #expect(try Self.digest("\(to.path)/received_film.mkv") == Self.digest(film))
      #expect(try FileManager.default.contentsOfDirectory(atPath: to.path) == ["received_film.mkv"])
      print("\(Self.size) bytes, sent \(Double(proxy.bytesToClients) / Double(Self.size)) times")
      #expect(Double(proxy.bytesToClients) < Self.most * Double(Self.size))
    }
  }

  @Test(
    "the sender is killed 20 times at random, and the server 4 times: the file comes whole, hardly anything twice"
  )
  func upload() throws {
    try SeededRandom.run { random in
      let (from, data) = (try TestFolder(), try TestFolder())
      let film = try Self.film(from, using: &random)
      var server = try TestServer(arguments: Self.limits, data: data)
      let proxy = try CuttingProxy(to: server.port, bufferBytes: 65_536)
      let partials = "\(data.path)/files/partial"
      func length() -> Int { Self.file(in: partials, ending: "").map(Self.length) ?? 0 }
      for round in 1...Self.rounds {
        let start = length()
        proxy.allow(2 * Self.step)
        let alice = try Program(
          "chat-client", ["--nick", "alice", proxy.address, "--send", film])
        let end = start + Int.random(in: 1...Self.step, using: &random)
        try eventually("some more has come") { length() >= end }
        if round % 6 == 0 {
          server.program.signal(SIGKILL)
          _ = try server.program.exitCode()
          let left = length()
          proxy.allow(2 * Self.step)
          server = try TestServer(arguments: Self.limits, data: data, port: server.port)
          try eventually("it goes on by itself") { length() > left }
        }
        alice.signal(SIGKILL)
        proxy.lose()
        _ = try alice.exitCode()
        try eventually("the nickname is free") { proxy.connections == 0 }
      }
      proxy.allow(nil)
      let alice = try Program("chat-client", ["--nick", "alice", proxy.address, "--send", film])
      #expect(try alice.exitCode(within: 60) == 0, "\(alice.errors)")
      print("\(Self.size) bytes, sent \(Double(proxy.bytesToServer) / Double(Self.size)) times")
      #expect(Double(proxy.bytesToServer) < Self.most * Double(Self.size))
      let stored = try Self.digest(film).hex
      #expect(try Self.digest("\(data.path)/files/\(stored)").hex == stored)
      #expect(try server.partialFiles() == 0)
    }
  }
}
