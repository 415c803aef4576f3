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

  @Test("who fetches by HTTP and takes next to nothing does not get the rest, and lives")
  func http() throws {
    try Self.serve { alice, id, join in
      let bob = try join("bob", true)
      let fetching = try bob.another()
      fetching.stream.keepUnreadBytes(below: 32_768)
      try fetching.request("GET", "/files/\(id)")
      #expect(try fetching.replyHead().status == 200)
      // It takes one byte now and then. What its system took at once has bought it 2 s, and silence buys as much: 10 s
      // are more than both.
      for _ in 0..<100 {
        _ = try fetching.bytes(1)
        // This is its rate.
        SystemThread.sleep(for: .milliseconds(100))
      }
      #expect(throws: (any Error).self) { try fetching.bytes(9_999_900) }
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
      let good = [UInt8](repeating: 3, count: 10_000_000)
      let paths = try [bytes, good].map { try bob.beginUpload("\($0[0])", $0).path }
      let (slow, fast) = (try bob.another(), try bob.another())
      try bob.requestPart(paths[0], at: 0, length: bytes.count, over: slow)
      try bob.requestPart(paths[1], at: 0, length: good.count, over: fast)
      var isOver = false
      for _ in 0..<100 where !isOver {
        try slow.send(bytes: [2])
        try fast.send(bytes: Array(good[..<10_000]))
        // This is the uploads' rate.
        SystemThread.sleep(for: .milliseconds(80))
        isOver = try slow.stream.waitUntilReadable(for: .zero)
        #expect(try !fast.stream.waitUntilReadable(for: .zero))
      }
      let reply = try slow.reply()
      #expect(isOver && reply.status == 408 && reply.code == "file-refused")
      // What came of it is gone on with.
      #expect(try bob.beginUpload("slow", bytes).offset > 0)
    }
  }
}
