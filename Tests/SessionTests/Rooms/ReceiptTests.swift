import ChatSystem
import TestKit
import Testing

/// What the receipt of a private message promises: its receiver, if it had not left, reads it.
@Suite("Receipts", .serialized, .timeLimit(.minutes(5)))
struct ReceiptTests {
  @Test("told to somebody who says exit meanwhile: what has a receipt was read before the Bye!")
  func leaver() throws {
    let departures = Environment.isSanitized ? 10 : 60
    let server = try TestServer("--rate", "0", "--log-level", "warning")
    let alice = try server.joinSpeaking("alice")
    var received = 0
    var refused = 0
    for departure in 0..<departures {
      let bob = try server.joinSpeaking("bob")
      let texts = (0..<300).map { "\(departure)-\($0)" }
      try alice.send(texts.map { "[MSG]:bob \($0)\n" }.joined() + "[PING]:\(departure)\n")
      // At another moment each time: at once, or after some of them.
      for _ in 0..<(departure % 20) { _ = try bob.line() }
      try bob.send("exit\n")
      let receipts = try Self.receipts(of: alice, until: "[PONG]:\(departure)", &refused)
      // Those that were read above came first, and so had receipts.
      let read = try Self.messages(of: bob) + texts.prefix(departure % 20)
      let missing = Set(receipts).subtracting(read)
      #expect(missing.isEmpty, "departure \(departure): \(missing.count) receipts for nothing")
      #expect(receipts.count == Set(receipts).count)
      received += receipts.count
    }
    print("\(received) receipts, \(refused) refused")
    #expect(received > 0 && refused > 0)
  }

  @Test("told to somebody whom the end of the server finds between two rooms: it is read")
  func moverAtShutdown() throws {
    let rounds = Environment.isSanitized ? 2 : 8
    for round in 0..<rounds {
      let server = try TestServer("--rate", "0", "--no-history", "--log-level", "warning")
      let alice = try server.joinSpeaking("alice")
      let bob = try server.joinSpeaking("bob")
      try bob.send((0..<2_000).map { "[ROOM]:#r\($0 % 2)\n" }.joined())
      try alice.send((0..<2_000).map { "[MSG]:bob \($0)\n" }.joined())
      // Both are under way.
      while let line = try alice.line(), line != "[MSG]:alice \(10 * round)\tto=bob" {}
      server.program.signal(15)
      var refused = 0
      let receipts = try Self.receipts(of: alice, until: nil, &refused)
      let read = try Self.messages(of: bob)
      let missing = Set(receipts).subtracting(read)
      #expect(missing.isEmpty, "round \(round): \(missing.count) receipts for nothing")
    }
  }

  // MARK: Helpers

  /// The next line; `nil` at the end, also where the connection is reset because the server has ended without reading
  /// all that was sent: what came before that is read first.
  private static func next(_ socket: TestSocket) throws -> String? {
    do { return try socket.line() } catch let error as SystemError {
      guard error.call == "recv" else { throw error }
      return nil
    }
  }

  /// The texts that had receipts, up to a line, or to the end of the stream.
  private static func receipts(
    of sender: TestSocket, until end: String?, _ refused: inout Int
  ) throws -> [String] {
    var texts: [String] = []
    while let line = try next(sender), line != end {
      if line.hasPrefix("[MSG]:alice "), line.hasSuffix("\tto=bob") {
        texts.append(String(line.dropFirst("[MSG]:alice ".count).dropLast("\tto=bob".count)))
      } else if line.hasSuffix("\tcode=no-such-nick") {
        refused += 1
      } else {
        #expect(!line.hasPrefix("[ERROR]") || line.hasSuffix("\tcode=shutting-down"), "\(line)")
      }
    }
    return texts
  }

  /// The texts of the private messages that somebody reads up to the end of its stream.
  private static func messages(of receiver: TestSocket) throws -> [String] {
    var texts: [String] = []
    while let line = try next(receiver) {
      guard line.hasPrefix("[MSG]:alice "), line.hasSuffix("\tto=bob") else { continue }
      texts.append(String(line.dropFirst("[MSG]:alice ".count).dropLast("\tto=bob".count)))
    }
    return texts
  }
}
