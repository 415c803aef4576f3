import ChatServer
import ChatSystem
import TestKit
import Testing

/// Lines over a WebSocket whose system takes a few bytes at a time.
@Suite("WebSocketTransport")
struct WebSocketTransportTests {
  /// A message that was received by the client, and whether it began another within itself.
  private struct Frames {
    var messages: [[UInt8]] = []
    var controls: [(opcode: UInt8, payload: [UInt8])] = []
    var frameBytes: [Int] = []

    init(_ bytes: [UInt8]) throws {
      var rest = bytes[...]
      var message: [UInt8]?
      while !rest.isEmpty {
        try #require(rest.count >= 2)
        let (first, short) = (rest.removeFirst(), rest.removeFirst())
        try #require(short & 0x80 == 0, "a server masks nothing")
        var length = Int(short)
        if short >= 126 {
          let count = short == 126 ? 2 : 8
          try #require(rest.count >= count)
          length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
          rest = rest.dropFirst(count)
        }
        try #require(rest.count >= length)
        let payload = Array(rest.prefix(length))
        rest = rest.dropFirst(length)
        let opcode = first & 0x0F
        if opcode >= 8 {
          controls.append((opcode, payload))
          continue
        }
        frameBytes.append(length)
        try #require(opcode == (message == nil ? 1 : 0))
        message = (message ?? []) + payload
        if first & 0x80 != 0 {
          messages.append(message ?? [])
          message = nil
        }
      }
      try #require(message == nil)
    }
  }

  private static func lines(_ count: Int, using random: inout SeededRandom) -> [UInt8] {
    (0..<count).flatMap { _ in
      [UInt8](repeating: UInt8(ascii: "x"), count: Int.random(in: 0...9_000, using: &random))
        + [UInt8(ascii: "\n")]
    }
  }

  @Test("lines arrive once, in messages that end with a line, however little is taken at a time")
  func sending() throws {
    try SeededRandom.run { random in
      for round in 0..<40 {
        var behavior = FakeTransport.Behavior()
        behavior.capacity = Int.random(in: 1...100_000, using: &random)
        behavior.mostPerSend = Int.random(in: 1...40_000, using: &random)
        behavior.interruptedSends = Int.random(in: 0...3, using: &random)
        if behavior.interruptedSends == 1 { behavior.interruptedSends = 2 }
        behavior.recordBytes = round % 3 == 0 ? 16_384 : 0
        let client = try FakeTransport(behavior)
        let socket = WebSocketTransport(over: client)
        let lines = Self.lines(Int.random(in: 1...60, using: &random), using: &random)
        var sent = 0
        while sent < lines.count {
          let end = min(lines.count, sent + Int.random(in: 1...60_000, using: &random))
          let part = try lines.span.extracting(sent..<end).withUnsafeBytes { try socket.send($0) }
          sent += part.count
          if part.blockedOn != nil { client.read(Int.random(in: 1...50_000, using: &random)) }
          if Bool.random(using: &random) { _ = try socket.flush() }
        }
        socket.sayEnd(.goingAway)
        while try socket.flush() != nil { client.read() }
        let frames = try Frames(client.received)
        #expect(frames.messages.flatMap { $0 } == lines)
        #expect(frames.messages.allSatisfy { $0.last == UInt8(ascii: "\n") })
        #expect(frames.frameBytes.allSatisfy { $0 <= 16_384 })
        #expect(frames.controls.map(\.payload) == [[0x03, 0xE9]])
      }
    }
  }

  /// A masked frame of a client; the mask is zero.
  private static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [first, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
  }

  private static func receive(_ socket: WebSocketTransport, _ size: Int) throws -> [UInt8] {
    var (received, buffer) = ([UInt8](), [UInt8](repeating: 0, count: size))
    while true {
      switch try socket.receiveIfReady(into: &buffer) {
      case .bytes(let count): received += buffer[..<count]
      case .end: return received
      case .wouldBlock: if try !socket.waitUntilReadable(for: .zero) { return received }
      }
    }
  }

  @Test("messages are lines, with a missing last LF, in whatever pieces they come")
  func receiving() throws {
    let bytes =
      Self.frame(0x81, Array("one\ntwo".utf8)) + Self.frame(0x01, Array("thr".utf8))
      + Self.frame(0x89, Array("ping".utf8)) + Self.frame(0x80, Array("ee\n".utf8))
      + Self.frame(0x81, []) + Self.frame(0x81, Array("é".utf8))
    for piece in 1...bytes.count {
      for size in [1, 2, 7, 4_096] {
        let client = try FakeTransport()
        let socket = WebSocketTransport(over: client, first: bytes[..<min(piece, 9)])
        var received = try Self.receive(socket, size)
        var start = min(piece, 9)
        while start < bytes.count {
          client.write(Array(bytes[start..<min(bytes.count, start + piece)]))
          start = min(bytes.count, start + piece)
          received += try Self.receive(socket, size)
        }
        #expect(String(decoding: received, as: UTF8.self) == "one\ntwo\nthree\n\né\n")
        let controls = try Frames(client.received).controls
        #expect(controls.map(\.opcode) == [0xA])
        #expect(controls.map(\.payload) == [Array("ping".utf8)])
      }
    }
  }

  @Test("a close is answered with its code after everything else, a violation with its own")
  func ends() throws {
    for (bytes, code) in [
      (Self.frame(0x88, [0x0F, 0xA0]), [0x0F, 0xA0]), (Self.frame(0x88, []), [0x03, 0xE8]),
      (Self.frame(0x82, [1]), [0x03, 0xEB]), (Self.frame(0x81, [0xFF]), [0x03, 0xEF]),
      ([0x81, 0x01, 0x61], [0x03, 0xEA]),
    ] as [([UInt8], [UInt8])] {
      let client = try FakeTransport()
      let socket = WebSocketTransport(over: client)
      client.write(bytes + Self.frame(0x81, Array("more".utf8)))
      #expect(try Self.receive(socket, 64).isEmpty)
      #expect(socket.hasOpenInput)
      _ = try Array("last\n".utf8).span.withUnsafeBytes { try socket.send($0) }
      socket.shutdownWriting()
      // What comes after the end is for nobody.
      _ = try Array("late\n".utf8).span.withUnsafeBytes { try socket.send($0) }
      let frames = try Frames(client.received)
      #expect(frames.messages == [Array("last\n".utf8)])
      #expect(frames.controls.map(\.payload) == [code])
      #expect(client.shut.writing)
    }
  }

  @Test("a client that sends control frames without end is turned away")
  func flood() throws {
    let client = try FakeTransport()
    let socket = WebSocketTransport(over: client)
    for _ in 0..<300 { client.write(Self.frame(0x89, [])) }
    #expect(try Self.receive(socket, 4_096).isEmpty)
    socket.shutdownWriting()
    let controls = try Frames(client.received).controls
    #expect(controls.last?.payload == [0x03, 0xF0])
    #expect(controls.count < 300)
  }

  @Test("who reads nothing does not have pongs pile up")
  func heldPongs() throws {
    var behavior = FakeTransport.Behavior()
    behavior.capacity = 10
    let client = try FakeTransport(behavior)
    let socket = WebSocketTransport(over: client)
    for _ in 0..<90 {
      client.write(Self.frame(0x89, [UInt8](repeating: 0x70, count: 125)))
      _ = try Self.receive(socket, 4_096)
    }
    #expect(socket.unacknowledgedBytes < 40_000)
    #expect(!socket.isDelivered)
  }
}
