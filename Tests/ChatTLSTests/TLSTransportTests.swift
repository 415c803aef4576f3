import ChatSystem
import ChatTLS
import Foundation
import TestKit
import Testing

@Suite("TLSTransport", .timeLimit(.minutes(2)))
struct TLSTransportTests {
  private static func random(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededRandom(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  @Test("what is sent is received", arguments: [0, 1, 16_383, 16_384, 16_385, 40_000])
  func sizes(_ count: Int) throws {
    let pair = try TLSPair()
    #expect(pair.server.agreedProtocol == "chat" && pair.client.agreedProtocol == "chat")
    let bytes = Self.random(count, seed: 1)
    try pair.client.sendAll(bytes.span)
    pair.client.shutdownWriting()
    #expect(try pair.server.receiveAll() == bytes)
    try pair.server.sendAll(bytes.span)
    pair.server.shutdownWriting()
    #expect(try pair.client.receiveAll() == bytes)
  }

  @Test("both talk at once, four threads at two ends: nothing is lost")
  func bothDirections() throws {
    let pair = try TLSPair()
    let (up, down) = (Self.random(3_000_000, seed: 2), Self.random(3_000_000, seed: 3))
    let ends = [(pair.client, up), (pair.server, down)]
    let senders = ends.map { end, bytes in
      Pending<Bool>.start {
        var generator = SeededRandom(seed: 4)
        var start = 0
        while start < bytes.count {
          let next = min(bytes.count, start + Int.random(in: 1...50_000, using: &generator))
          try end.sendAll(bytes[start..<next].span)
          start = next
        }
        return true
      }
    }
    let receivers = ends.map { end, bytes in
      Pending<[UInt8]>.start { try end.receiveAll(bytes.count) }
    }
    for sender in senders { #expect(try sender.wait()) }
    #expect(try receivers[1].wait() == up)
    #expect(try receivers[0].wait() == down)
  }

  @Test("a record that the system took in part is sent as it was, whatever is offered next")
  func pendingRecord() throws {
    let pair = try TLSPair()
    var accepted: [UInt8] = []
    var number: UInt8 = 0
    var wasBlocked = false
    // The peer reads nothing: the system takes less and less.
    for _ in 0..<5_000 where !wasBlocked {
      let bytes = [UInt8](repeating: number, count: 16_384)
      let sent = try bytes.span.withUnsafeBytes { try pair.server.send($0) }
      accepted += bytes.prefix(sent.count)
      number &+= 1
      wasBlocked = sent.blockedOn != nil
    }
    #expect(wasBlocked)
    #expect(pair.server.unacknowledgedBytes > 0 && !pair.server.isDelivered)
    // Other bytes are not accepted before the record is out.
    let other = [UInt8](repeating: 0xEE, count: 16_384)
    let refused = try other.span.withUnsafeBytes { try pair.server.send($0) }
    #expect(refused == Sent(0, blockedOn: .writable))
    #expect(try pair.server.flush() == .writable)
    pair.server.shutdownWriting()
    let received = Pending<[UInt8]>.start { [client = pair.client] in try client.receiveAll() }
    try eventually("it is handed on") {
      try pair.server.flush() == nil
    }
    #expect(try received.wait() == accepted)
  }

  @Test("what waits in the connection is known, and a look takes nothing")
  func buffered() throws {
    let pair = try TLSPair()
    try pair.client.sendAll([UInt8]("hello\n".utf8).span)
    var buffer = [UInt8](repeating: 0, count: 3)
    #expect(try pair.server.waitUntilReadable(for: .seconds(10)))
    #expect(try pair.server.peek(into: &buffer) == .bytes(3))
    #expect(try pair.server.peek(into: &buffer) == .bytes(3))
    #expect(try pair.server.receiveIfReady(into: &buffer) == .bytes(3))
    #expect(buffer == Array("hel".utf8))
    #expect(pair.server.hasBufferedInput)
    #expect(try pair.server.waitUntilReadable(for: .zero))
    #expect(try pair.server.receiveIfReady(into: &buffer) == .bytes(3))
    #expect(try pair.server.receiveIfReady(into: &buffer) == .wouldBlock(.readable))
    #expect(!pair.server.hasBufferedInput)
    #expect(try !pair.server.waitUntilReadable(for: .zero))
  }

  @Test("whoever waits for input wakes when receiving is ended, and can still send")
  func shutdownReading() throws {
    let pair = try TLSPair()
    let received = Pending<[UInt8]>.start { [server = pair.server] in try server.receiveAll() }
    pair.server.shutdownReading()
    #expect(try received.wait() == [])
    try pair.server.sendAll([UInt8]("bye\n".utf8).span)
    pair.server.shutdownWriting()
    #expect(try pair.client.receiveAll() == Array("bye\n".utf8))
  }

  @Test("a peer that vanishes without a word is at its end, and what it said is there")
  func truncated() throws {
    let pair = try TLSPair()
    try pair.client.sendAll([UInt8]("hello\n".utf8).span)
    pair.client.socket.shutdownBoth()
    #expect(try pair.server.receiveAll() == Array("hello\n".utf8))
  }

  @Test("bytes that are no record end the connection, for sending too")
  func garbage() throws {
    let pair = try TLSPair()
    try pair.client.socket.sendAll(Self.random(100, seed: 5).span)
    #expect(throws: SystemError.self) { try pair.server.receiveAll() }
    #expect(throws: SystemError.self) {
      try pair.server.sendAll([UInt8](repeating: 0, count: 9).span)
    }
  }

  @Test("parts of files are sent with patience")
  func files() throws {
    let pair = try TLSPair()
    let folder = try TestFolder()
    let bytes = Self.random(100_000, seed: 6)
    let path = "\(folder.path)/file"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let file = try RegularFile(toRead: FilePath(Array(path.utf8)))
    pair.server.keepUnsentBytes(below: 32_768, patience: .milliseconds(200))
    let received = Pending<[UInt8]>.start { [client = pair.client] in
      try client.receiveAll(bytes.count)
    }
    var sent = 0
    while sent < bytes.count {
      sent += try #require(
        try pair.server.sendFile(
          file.descriptorNumber, from: UInt64(sent), count: bytes.count - sent))
    }
    #expect(try received.wait() == bytes)
    #expect(throws: SystemError.self) {
      try pair.server.sendFile(file.descriptorNumber, from: 100_000, count: 1)
    }
    // Nobody reads any more.
    try eventually("its patience is over") {
      try pair.server.sendFile(file.descriptorNumber, from: 0, count: 16_384) == nil
    }
  }

  @Test("new keys are taken, and without end they end the connection")
  func newKeys() throws {
    Process.ignoreBrokenPipes()
    let listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    let client = try Program(
      "openssl", ["s_client", "-connect", "127.0.0.1:\(listener.address.port)"])
    let (socket, _) = try #require(try listener.accept())
    let server = try TLSTransport.accept(
      socket, as: TLSPair.identity.get(), until: .now + .seconds(20))
    var buffer = [UInt8](repeating: 0, count: 1_000)
    // `K`: new keys for both sides. It has to be read by itself, or s_client says the letter.
    func takeKeys() throws {
      try client.type("K\n")
      try #require(try server.waitUntilReadable(for: .seconds(10)))
      #expect(try server.receiveIfReady(into: &buffer) == .wouldBlock(.readable))
    }
    for number in 0..<10 {
      try takeKeys()
      try client.type("word \(number)\n")
      try #require(try server.waitUntilReadable(for: .seconds(10)))
      let count = try server.receive(into: &buffer)
      #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == "word \(number)\n")
    }
    #expect(throws: SystemError.self) { for _ in 0..<100 { try takeKeys() } }
  }
}
