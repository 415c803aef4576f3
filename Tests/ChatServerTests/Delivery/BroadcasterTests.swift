import ChatServer
import ChatSystem
import Synchronization
import TestKit
import Testing

/// A broadcaster and its subscribers over transports whose systems the test plays.
@Suite("Broadcaster", .timeLimit(.minutes(1)))
struct BroadcasterTests {
  /// A room of one log: what a member needs of it.
  private final class Room: RoomStream {
    let log: RoomLog
    let broadcaster: Broadcaster

    init(history: (any Backlog)? = nil, isDurable: Bool = false) throws {
      log = try RoomLog(capacity: 131_072, isDurable: isDurable)
      broadcaster = Broadcaster(log: log, history: history, readerTimeout: .seconds(60))
    }

    var head: UInt64 { log.head }
    func wakeBroadcaster() { broadcaster.wake() }

    func say(_ text: String) {
      #expect(log.append(Array(text.utf8), lines: 1, whenFull: broadcaster.wake))
      broadcaster.wake()
    }

    func join(_ behavior: FakeTransport.Behavior = .init()) throws -> (FakeTransport, Peer) {
      let transport = try FakeTransport(behavior)
      let peer = Peer(transport: transport, address: Address(host: "127.0.0.1", port: 1))
      let subscriber = Subscriber(peer)
      let isIn = log.append(
        Array("joined\n".utf8), lines: 1, newcomer: subscriber, whenFull: broadcaster.wake
      ) { peer.enter(self, at: $0.end, greeting: Array("hello\n".utf8)) }
      #expect(isIn)
      broadcaster.wake()
      return (transport, peer)
    }
  }

  /// A history that has all that was ever appended.
  private final class Past: Backlog {
    private let bytes = Guarded<[UInt8]>([])
    private let reads = Atomic<Int>(0)

    var canReadOn: Bool { true }
    var readCount: Int { reads.load(ordering: .relaxed) }
    func add(_ text: String) { bytes.withLock { $0 += Array(text.utf8) } }

    func read(from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void) {
      reads.wrappingAdd(1, ordering: .relaxed)
      completion(bytes.withLock { Array($0.dropFirst(Int(position)).prefix(50_000)) })
    }
  }

  @Test("all are sent all, whether or not their systems take it at once")
  func everyone() throws {
    let room = try Room()
    var members: [FakeTransport] = []
    for index in 0..<40 {
      var behavior = FakeTransport.Behavior()
      behavior.mostPerSend = index + 1
      behavior.interruptedSends = index % 4 == 1 ? 5 : index % 4
      behavior.recordBytes = index % 3 == 0 ? 50 : 0
      behavior.isRead = true
      behavior.capacity = 30
      members.append(try room.join(behavior).0)
    }
    for number in 0..<200 { room.say("line \(number)\n") }
    let last = members[39]
    try eventually("the last has all") { last.text.hasSuffix("line 199\n") }
    for (index, member) in members.enumerated() {
      try eventually("\(index) has all") { member.text.hasSuffix("line 199\n") }
      // What was said from its own join on, with its greeting after that.
      let joins = String(repeating: "joined\n", count: 39 - index)
      let lines = (0..<200).map { "line \($0)\n" }.joined()
      #expect(member.text == "joined\nhello\n" + joins + lines, "member \(index)")
    }
  }

  @Test(
    "a full one is left alone until it is read, and a broken one is dropped; nobody else notices")
  func fullAndBroken() throws {
    let room = try Room()
    var small = FakeTransport.Behavior()
    small.capacity = 20
    var broken = FakeTransport.Behavior()
    broken.resetAfter = 30
    let (slow, _) = try room.join(small)
    let (lost, lostPeer) = try room.join(broken)
    let (fast, _) = try room.join()
    for number in 0..<50 { room.say("line \(number)\n") }
    try eventually("the fast one has all") { fast.text.hasSuffix("line 49\n") }
    try eventually("the broken one is dropped") {
      lostPeer.interruptionReason == .connectionLost && lost.shut.writing
    }
    #expect(slow.received.count == 20)
    try eventually("the slow one has all, once it reads") {
      slow.read(13)
      return slow.text.hasSuffix("line 49\n")
    }
    #expect(slow.text.split(separator: "\n").count == 2 + 2 + 50)
    #expect(lostPeer.waitUntilReleased(until: .now + .seconds(10)))
  }

  @Test("records that a transport holds go out when it is ready, and nothing before them")
  func heldRecords() throws {
    let room = try Room()
    var tls = FakeTransport.Behavior()
    tls.capacity = 10
    tls.recordBytes = 100
    let (held, peer) = try room.join(tls)
    for number in 0..<50 { room.say("line \(number)\n") }
    #expect(peer.enqueue(Array("private\n".utf8)) == .queued)
    try eventually("all has come") {
      held.read(9)
      return held.text.hasSuffix("private\n")
    }
    #expect(
      held.text == "joined\nhello\n" + (0..<50).map { "line \($0)\n" }.joined() + "private\n")
  }

  @Test("one that leaves gets the stream up to its end, and is released")
  func leaving() throws {
    let room = try Room()
    let (transport, peer) = try room.join()
    room.say("before\n")
    #expect(peer.enqueue(Array("private\n".utf8)) == .queued)
    peer.finish(Array("bye\n".utf8), at: room.head)
    room.say("after\n")
    #expect(peer.waitUntilReleased(until: .now + .seconds(10)))
    #expect(transport.text == "joined\nhello\nbefore\nprivate\nbye\n")
    #expect(peer.enqueue(Array("late\n".utf8)) == .absent)
  }

  @Test("one that is dropped before it was admitted is released, too")
  func droppedEarly() throws {
    let room = try Room()
    for _ in 0..<50 {
      let (_, peer) = try room.join()
      room.broadcaster.drop(peer)
      #expect(peer.waitUntilReleased(until: .now + .seconds(10)))
      #expect(peer.interruptionReason == .connectionLost)
    }
  }

  @Test("one that holds the others back reads on from the history, and loses nothing")
  func detached() throws {
    let past = Past()
    let room = try Room(history: past)
    var full = FakeTransport.Behavior()
    full.capacity = 1_000
    past.add("joined\n")
    let (slow, _) = try room.join(full)
    past.add("joined\n")
    let (fast, _) = try room.join(.init())
    let line = String(repeating: "x", count: 999) + "\n"
    var expected = "joined\nhello\njoined\n"
    for number in 0..<1_000 {
      let text = "\(number) \(line)"
      past.add(text)
      expected += text
      room.say(text)
      fast.read()
    }
    try eventually("the fast one has all") {
      fast.read()
      return fast.text.hasSuffix("999 \(line)")
    }
    #expect(slow.received.count == 1_000)
    try eventually("the slow one has all", within: .seconds(40)) {
      for _ in 0..<100 { slow.read() }
      return slow.received.count >= expected.utf8.count
    }
    #expect(slow.text == expected)
    #expect(past.readCount > 0)
  }

  @Test("where nothing is committed, one that has stopped is cut off, with what has a receipt")
  func cutOff() throws {
    let room = try Room()
    var full = FakeTransport.Behavior()
    full.capacity = 1_000
    let (stopped, peer) = try room.join(full)
    let (fast, _) = try room.join(.init())
    try eventually("both are in") { fast.text.hasSuffix("hello\n") }
    #expect(peer.enqueue(Array("has a receipt\n".utf8)) == .queued)
    let line = String(repeating: "x", count: 999) + "\n"
    // The log is full long before the last; whoever waits for space has the one that stopped judged.
    for _ in 0..<300 {
      room.say(line)
      fast.read()
    }
    try eventually("the fast one has all") {
      fast.read()
      return fast.received.count >= 300_000
    }
    #expect(peer.interruptionReason == .slowConsumer)
    #expect(peer.enqueue(Array("too late\n".utf8)) == .absent)
    // Its session, once interrupted, has it leave.
    peer.finish([], at: room.head)
    try eventually("it is told why") {
      stopped.read()
      return peer.waitUntilReleased(until: .now)
    }
    let lines = stopped.text.split(separator: "\n")
    #expect(lines.contains("has a receipt"))
    #expect(lines.last?.hasSuffix("code=slow-consumer") == true, "\(stopped.text.suffix(200))")
  }

  @Test("a room that begins as another ends is told when its members' transports are ready")
  func endingRooms() throws {
    // A descriptor that is closed while Dispatch still watches it has its number taken by the next one, of which
    // Dispatch then tells nothing.
    let faults = Guarded<[String]>([])
    let running = Guarded(4)
    for thread in 0..<4 {
      try SystemThread.start(named: "rooms") {
        do {
          for number in 0..<400 where faults.withLock({ $0.isEmpty }) {
            let room = try Room()
            var behavior = FakeTransport.Behavior()
            behavior.interruptedSends = 2
            let (transport, peer) = try room.join(behavior)
            for line in 0..<5 { room.say("line \(line)\n") }
            peer.finish(Array("bye\n".utf8), at: room.head)
            room.wakeBroadcaster()
            guard peer.waitUntilReleased(until: .now + .seconds(10)) else {
              throw Failure("room \(number): stopped after \(transport.received.count) bytes")
            }
          }
        } catch {
          faults.withLock { $0.append("thread \(thread): \(error)") }
        }
        running.withLock { $0 -= 1 }
        running.wake()
      }
    }
    running.wait { $0 == 0 ? () : nil }
    let found = faults.withLock { $0 }
    #expect(found.isEmpty, "\(found)")
  }

  @Test("nothing is sent before it is published")
  func published() throws {
    let room = try Room(isDurable: true)
    let (transport, _) = try room.join()
    room.say("one\n")
    let first = room.head
    room.say("two\n")
    room.log.publish(upTo: first)
    room.broadcaster.wake()
    try eventually("what is published comes") { transport.text == "joined\nhello\none\n" }
    room.log.publish(upTo: room.head)
    room.broadcaster.wake()
    try eventually("and then the rest") { transport.text == "joined\nhello\none\ntwo\n" }
  }
}
