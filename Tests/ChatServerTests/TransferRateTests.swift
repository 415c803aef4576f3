import ChatCore
import ChatServer
import ChatSystem
import TestKit
import Testing

/// A server in this process, whose rules are such that nobody has to wait for long.
@Suite("The least rate of transfers", .timeLimit(.minutes(3)))
struct TransferRateTests {
  /// Runs a server for as long as `body` runs, with somebody who has sent a file of 10 MB.
  private static func serve(
    _ body: (_ alice: TestSocket, _ id: String, _ join: (String, Bool) throws -> TestSocket) throws
      -> Void
  ) throws {
    let folder = try TestFolder()
    var options = ServerOptions()
    options.port = 0
    options.dataFolder = FilePath(folder.path)
    options.rate = 0
    options.transferRules.leastBytesPerSecond = 10_000
    options.transferRules.leastPatience = .seconds(2)
    let server = try Server(options: options, log: EventLog(level: .error))
    try server.start()
    defer { server.stop() }
    func join(_ nickname: String, speaksVersion1: Bool) throws -> TestSocket {
      let socket = try TestSocket(port: server.addresses[0].port)
      try socket.send("\(speaksVersion1 ? "[HELLO]:1\n" : "")\(nickname)\n")
      while let line = try socket.line(), line != "Connected to server!" {}
      // Its system takes little for it.
      if nickname == "bob" { socket.stream.keepUnreadBytes(below: 32_768) }
      return socket
    }
    let alice = try join("alice", speaksVersion1: true)
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 10_000_000))
    try body(alice, id, join)
  }

  @Test("who fetches and takes next to nothing is told that this transfer is over, and lives")
  func framed() throws {
    try Self.serve { alice, id, join in
      let bob = try join("bob", true)
      try bob.send("[GET]:\(id)\n")
      // Bob takes one byte now and then, and there is talk that he does not read either. What his system took at once
      // has bought him 2 s, and silence buys as much: 10 s are more than both.
      var taken = 0
      for _ in 0..<100 {
        taken += try bob.bytes(1).count
        try alice.send("hello\n")
        // This is Bob's rate.
        SystemThread.sleep(for: .milliseconds(100))
      }
      var bytes = try bob.lineBytes()
      while let line = bytes.map({ String(decoding: $0, as: UTF8.self) }) {
        if line.hasPrefix("[ERROR]:"), line.hasSuffix("\tcode=slow-consumer\tid=\(id)") { break }
        #expect(!line.hasPrefix("<END>"))
        if let size = line.split(separator: "size=").last.flatMap({ Int($0) }) {
          _ = try bob.bytes(size)
        }
        bytes = try bob.lineBytes()
      }
      #expect(bytes != nil && taken == 100)
      #expect(try bob.download(id).count == 10_000_000)
    }
  }

  @Test("a classic client that takes next to nothing of a file can only be cut")
  func classic() throws {
    try Self.serve { alice, id, join in
      let bob = try join("bob", false)
      try bob.send("[GET]:\(id)\n")
      try bob.expect("[FILE]:a\tsize=10000000")
      while let line = try alice.line(), line != "bob left!" {}
      // Bob's own end comes in the middle of it.
      #expect(throws: Failure.self) { try bob.bytes(10_000_000) }
    }
  }

  @Test("an upload that hardly grows is over, another of the same client is not")
  func upload() throws {
    try Self.serve { _, _, join in
      let bob = try join("bob", true)
      let bytes = [UInt8](repeating: 2, count: 100_000)
      _ = try bob.announce("slow", bytes, id: "1")
      _ = try bob.announce("good", [UInt8](repeating: 3, count: 10_000_000), id: "2")
      var isOver = false
      for _ in 0..<100 where !isOver {
        try bob.send("[DATA]:1\tsize=1\n\u{2}[DATA]:2\tsize=10000\n")
        try bob.send(bytes: [UInt8](repeating: 3, count: 10_000))
        // This is the uploads' rate.
        SystemThread.sleep(for: .milliseconds(80))
        while try bob.stream.waitUntilReadable(for: .zero) {
          guard let line = try bob.line(), line.hasPrefix("[ERROR]") else { continue }
          #expect(line.hasSuffix("\tcode=file-refused\tid=1"))
          isOver = true
        }
      }
      #expect(isOver)
      // What came of it is gone on with.
      #expect(try bob.announce("slow", bytes, id: "3") > 0)
    }
  }
}
