import ChatServer
import ChatSystem
import TestKit
import Testing

/// A subscriber alone: a log, a mailbox, and a transport whose system the test plays. No socket, no queue.
@Suite("Subscriber")
struct SubscriberTests {
  /// A room that has nobody to wake.
  private final class Room: RoomStream {
    let log: RoomLog
    init(_ log: RoomLog) { self.log = log }
    var head: UInt64 { log.head }
    func wakeBroadcaster() {}
  }

  private struct Reader {
    let log: RoomLog
    let room: Room
    let transport: FakeTransport
    let peer: Peer
    let subscriber: Subscriber
    var tail: UInt64 = 0

    init(_ behavior: FakeTransport.Behavior = .init()) throws {
      log = try RoomLog(capacity: 131_072)
      room = Room(log)
      transport = try FakeTransport(behavior)
      peer = Peer(transport: transport, address: Address(host: "127.0.0.1", port: 1))
      subscriber = Subscriber(peer)
      let (peer, room) = (peer, room)
      let isIn = log.append(
        Array("bob joined!\n".utf8), lines: 1, newcomer: subscriber, whenFull: {}
      ) {
        peer.enter(room, at: $0.end, greeting: Array("Connected to server!\n".utf8))
      }
      #expect(isIn)
      let newcomers = log.advanceTail(lowest: .max).newcomers
      #expect(newcomers.count == 1 && newcomers.first === subscriber)
    }

    func say(_ line: String) {
      #expect(log.append(Array("\(line)\n".utf8), lines: 1, whenFull: {}))
    }

    func tell(_ line: String) { #expect(peer.enqueue(Array("\(line)\n".utf8)) == .queued) }

    @discardableResult
    func deliver() throws -> Subscriber.Outcome {
      try subscriber.deliver(log, from: tail, upTo: log.published)
    }

    /// Delivers until there is nothing more, as a broadcaster does, the peer reading meanwhile.
    func deliverAll() throws {
      for _ in 0..<1_000_000 {
        switch try deliver() {
        case .upToDate, .ended: return
        case .blocked:
          transport.read(7)
          while try subscriber.flush() != nil { transport.read(7) }
        case .hasMore: break
        case .paused, .needsHistory: throw Failure("it waits for something else")
        }
      }
      throw Failure("it is blocked for ever")
    }
  }

  private static let script =
    "bob joined!\nConnected to server!\nalice: one\n* private one\nalice: tŵo\n* private two\n* three\ncarol: last\n"

  private static func play(_ reader: Reader) {
    reader.say("alice: one")
    reader.tell("* private one")
    reader.say("alice: tŵo")
    reader.tell("* private two")
    reader.tell("* three")
    reader.say("carol: last")
  }

  @Test("however little the system takes at a time, the stream is whole and in order")
  func shortWrites() throws {
    for most in 1...Self.script.utf8.count {
      var behavior = FakeTransport.Behavior()
      behavior.mostPerSend = most
      behavior.interruptedSends = 3
      behavior.capacity = 16
      let reader = try Reader(behavior)
      Self.play(reader)
      try reader.deliverAll()
      #expect(reader.transport.text == Self.script, "\(most) bytes a send")
      #expect(reader.subscriber.cursor == reader.log.head)
    }
  }

  @Test("what was said while the system was full comes in its place, split at any byte")
  func blockedAtEachByte() throws {
    for capacity in 1..<Self.script.utf8.count {
      var behavior = FakeTransport.Behavior()
      behavior.capacity = capacity
      let reader = try Reader(behavior)
      #expect(try reader.deliver() == .upToDate || reader.transport.received.count == capacity)
      Self.play(reader)
      try reader.deliverAll()
      #expect(reader.transport.text == Self.script, "full after \(capacity) bytes")
    }
  }

  @Test("bytes that a transport has accepted and still holds are not offered again")
  func heldRecords() throws {
    for record in 1...20 {
      var behavior = FakeTransport.Behavior()
      behavior.capacity = 5
      behavior.recordBytes = record
      let reader = try Reader(behavior)
      Self.play(reader)
      #expect(try reader.deliver() == .blocked(on: .writable))
      // More is said while the record waits: it must not take the place of what was accepted.
      reader.say("dave: later")
      try reader.deliverAll()
      #expect(reader.transport.text == Self.script + "dave: later\n", "a record of \(record)")
    }
  }

  @Test("a connection reset at any byte fails, and nothing is sent to it again")
  func reset() throws {
    for limit in 0..<Self.script.utf8.count {
      var behavior = FakeTransport.Behavior()
      behavior.resetAfter = limit
      behavior.mostPerSend = 10
      let reader = try Reader(behavior)
      Self.play(reader)
      #expect(throws: SystemError.self, "reset after \(limit) bytes") { try reader.deliverAll() }
      reader.peer.fail(.connectionLost)
      #expect(reader.transport.received == Array(Self.script.utf8.prefix(limit)))
      #expect(reader.peer.enqueue(Array("* lost\n".utf8)) == .absent)
      #expect(reader.peer.interruptionReason == .connectionLost)
    }
  }

  @Test("who is cut off in the middle of a line gets its rest, what has a receipt, and the reason")
  func cutInALine() throws {
    let whole = Array("bob joined!\nConnected to server!\nalice: a long line\n".utf8)
    for capacity in 1..<whole.count {
      var behavior = FakeTransport.Behavior()
      behavior.capacity = capacity
      let reader = try Reader(behavior)
      reader.say("alice: a long line")
      reader.tell("* has a receipt")
      #expect(try reader.deliver() == .blocked(on: .writable))
      reader.subscriber.cut(Array("[ERROR]:slow\n".utf8), reader.log, from: 0)
      reader.say("nobody reads this")
      try reader.deliverAll()
      let lines = reader.transport.text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.suffix(3) == ["* has a receipt", "[ERROR]:slow", ""], "cut after \(capacity)")
      for line in lines.dropLast(3) {
        #expect(["bob joined!", "Connected to server!", "alice: a long line"].contains(line))
      }
    }
  }

  @Test("who is cut off in the middle of a file gets nothing more, and after its end the reason")
  func cutInAFile() throws {
    // Pieces that end no line, and one that does.
    let file = ["[FILE]:a\tsize=10\n", "one\ntw", "o", "\nxy\n", "<END>\n"]
    for isWhole in [false, true] {
      let pieces = isWhole ? file : Array(file.dropLast())
      let whole = "bob joined!\nConnected to server!\n" + pieces.joined()
      for capacity in 1...whole.utf8.count {
        var behavior = FakeTransport.Behavior()
        behavior.capacity = capacity
        let reader = try Reader(behavior)
        reader.peer.pauseLog(at: reader.log.head)
        for piece in pieces {
          let spliced = reader.peer.splice(Array(piece.utf8), isWhole: piece == "<END>\n")
          #expect(spliced == .queued)
        }
        reader.say("alice: what comes after it")
        _ = try reader.deliver()
        reader.subscriber.cut(Array("[ERROR]:slow\n".utf8), reader.log, from: 0)
        #expect(reader.transport.shut.writing == !isWhole)
        if isWhole {
          try reader.deliverAll()
          #expect(reader.transport.text == whole + "[ERROR]:slow\n", "cut after \(capacity)")
        } else {
          #expect(try reader.deliver() == .ended)
          #expect(reader.transport.text.utf8.elementsEqual(whole.utf8.prefix(capacity)))
        }
      }
    }
  }

  @Test("a detached reader asks for the history, reads it, and is attached again near the head")
  func backlog() throws {
    var reader = try Reader()
    try reader.deliverAll()
    let start = reader.log.head
    reader.say("alice: lost to the ring")
    reader.subscriber.attachment = .detached
    reader.tail = reader.log.head
    #expect(try reader.deliver() == .needsHistory)
    reader.subscriber.backlog = (start, Array("alice: lost to".utf8))
    #expect(try reader.deliver() == .needsHistory)
    reader.subscriber.backlog = (
      reader.subscriber.cursor, Array(" the ring\n".utf8)
    )
    #expect(try reader.deliver() == .upToDate)
    #expect(reader.subscriber.attachment == .detached)
    reader.say("alice: and on")
    #expect(try reader.deliver() == .upToDate)
    #expect(reader.subscriber.attachment == .attached)
    #expect(reader.transport.text.hasSuffix("alice: lost to the ring\nalice: and on\n"))
  }

  @Test("what another room has sent and is still on its way counts as progress when it arrives")
  func stillOnItsWay() throws {
    let transport = try FakeTransport()
    _ = try [UInt8](repeating: 10, count: 10_000).withUnsafeBytes { try transport.send($0) }
    let peer = Peer(transport: transport, address: Address(host: "127.0.0.1", port: 1))
    let subscriber = Subscriber(peer)
    #expect(subscriber.deliveredBytes == 0)
    transport.read(4_000)
    #expect(subscriber.deliveredBytes == 4_000)
    transport.read()
    #expect(subscriber.deliveredBytes == 10_000)
  }

  @Test(
    "a record that the fast path has left with the transport is flushed before it is up to date")
  func heldByTheFastPath() throws {
    var behavior = FakeTransport.Behavior()
    behavior.capacity = 40
    behavior.recordBytes = 100
    let reader = try Reader(behavior)
    try reader.deliverAll()
    reader.say("alice: a line that is longer than what the system takes")
    reader.subscriber.sendNew(reader.log, from: 0, upTo: reader.log.published)
    #expect(reader.subscriber.cursor == reader.log.head)
    #expect(try reader.deliver() == .blocked(on: .writable))
    while try reader.subscriber.flush() != nil { reader.transport.read() }
    #expect(try reader.deliver() == .upToDate)
    reader.transport.read()
    #expect(reader.transport.unacknowledgedBytes == 0)
  }

  @Test("a client that asks as fast as it is answered lets others have a turn")
  func share() throws {
    var behavior = FakeTransport.Behavior()
    behavior.capacity = .max / 2
    let reader = try Reader(behavior)
    try reader.deliverAll()
    for _ in 0..<2 {
      #expect(reader.peer.enqueue([UInt8](repeating: 10, count: Outbox.capacity / 2)) == .queued)
    }
    #expect(try reader.deliver() == .hasMore)
    #expect(try reader.deliver() == .upToDate)
  }
}
