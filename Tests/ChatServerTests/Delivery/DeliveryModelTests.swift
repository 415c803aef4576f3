import ChatCore
import ChatServer
import ChatSystem
import TestKit
import Testing

/// Connections that say, tell, query the history, move, leave and are cut off in random order, all at once, each in a
/// thread of its own, as sessions do; and what must be true of every stream whatever the order was.
@Suite("Delivery, under random interleavings", .timeLimit(.minutes(2)))
struct DeliveryModelTests {
  /// What is found out while it runs, and what is checked at the end.
  private struct Findings {
    var faults: [String] = []
    /// The numbers of lines that joins were given, in each room.
    var sequences: [RoomName: Set<UInt64>] = [:]
    var connections: [Connection] = []
    var moves = 0
    var receipts = 0

    mutating func note(_ room: RoomName, _ sequence: UInt64) {
      if !sequences[room, default: []].insert(sequence).inserted {
        faults.append("\(room.text): line \(sequence) was there twice")
      }
    }
  }

  /// One connection, from its first join to its end.
  private final class Connection: Sendable {
    let name: String
    let transport: FakeTransport
    let peer: Peer
    /// What others were told it would be sent.
    let receipts = Guarded<[String]>([])
    /// Receipts hold for connections that were read to their end.
    let isWhole = Guarded(false)
    /// It was ended in the middle of a file.
    let isTorn = Guarded(false)

    init(_ name: String, _ behavior: FakeTransport.Behavior) throws {
      self.name = name
      transport = try FakeTransport(behavior)
      peer = Peer(transport: transport, address: Address(host: "127.0.0.1", port: 1))
    }

    /// What is wrong with what it was sent.
    func faults() -> [String] {
      let text = transport.text
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      let all = Set(lines)
      var faults: [String] = []
      if isWhole.withLock({ $0 }) {
        let lost = receipts.withLock { $0 }.filter { !all.contains(Substring($0)) }
        if !lost.isEmpty {
          faults.append("\(name): \(lost.count) lines with a receipt were not sent: \(lost[0])")
        }
      }
      var said: [Substring: Int] = [:]
      var past: (query: Substring, next: Int, isFile: Bool)?
      // One that is cut off is sent what is queued, and that may be half an answer, but never anything after half a file.
      var tornAnswers = lines.last?.hasPrefix("[ERROR]") == true ? -1 : 0
      for line in lines {
        let words = line.split(separator: " ")
        if words.first == "past" || words.first == "file" {
          guard words.count == 3, let index = Int(words[2]) else {
            faults.append("\(name): a torn line: \(line)")
            continue
          }
          if let past, past.query != words[1] || past.next != index {
            tornAnswers += past.isFile ? 2 : 1
            if tornAnswers > 0 {
              faults.append("\(name): the answer \(past.query) was torn by \(line)")
            }
          }
          past = index == 2 ? nil : (words[1], index + 1, words[0] == "file")
          continue
        }
        if let past {
          tornAnswers += past.isFile ? 2 : 1
          if tornAnswers > 0 {
            faults.append("\(name): the answer \(past.query) was torn by \(line)")
          }
        }
        past = nil
        if words.first == "in" {
          // Another room's stream begins.
          said = [:]
        } else if words.count == 3, words[1] == "says", let number = Int(words[2]) {
          if let last = said[words[0]], number != last + 1 {
            faults.append("\(name): \(words[0])'s \(number) after \(last)")
          }
          said[words[0]] = number
        } else if words.count == 2, words[1] == "joined!" || words[1] == "left!" {
          said[words[0]] = nil
        } else if words.first != "private", words.first != "bye", !line.hasPrefix("[ERROR]") {
          faults.append("\(name): a torn line: \(line)")
        }
      }
      return faults
    }
  }

  /// What all share.
  private final class World: Sendable {
    let registry: RoomRegistry
    let rooms: [RoomName]
    let deadline: MonotonicTime
    let findings = Guarded(Findings())
    let present = Guarded<[Connection]>([])
    let running: Guarded<Int>

    init(rooms: Int, threads: Int, for time: Duration) throws {
      registry = try RoomRegistry(
        timeToLive: .seconds(3_600), readerTimeout: .milliseconds(1_500), clock: { .now })
      self.rooms = try (0..<rooms).map { try RoomName("#r\($0)") }
      deadline = .now + time
      running = Guarded(threads)
    }

    /// Each connection has a descriptor, of which there are not as many as one likes.
    private static let connections = 4_000

    var isOver: Bool {
      MonotonicTime.now >= deadline
        || findings.withLock { $0.connections.count } >= Self.connections
    }

    func fault(_ text: String) { findings.withLock { $0.faults.append(text) } }
  }

  /// One thread: connections, one after another.
  private struct Person {
    let world: World
    let name: String
    /// Its connections stop reading at some time, and are cut off.
    let isLazy: Bool
    /// It hardly does anything but move.
    let isRestless: Bool
    var random: SeededRandom
    var said = 0
    var queries = 0

    mutating func run() throws {
      while !world.isOver { try connect() }
    }

    private mutating func connect() throws {
      var behavior = FakeTransport.Behavior()
      behavior.isRead = !isLazy
      behavior.capacity = 20_000
      behavior.mostPerSend = Int.random(in: 500...50_000, using: &random)
      behavior.interruptedSends = Int.random(in: 2...20, using: &random)
      behavior.recordBytes = Bool.random(using: &random) ? 500 : 0
      let connection = try Connection(name, behavior)
      let nickname = try Nickname(name)
      world.findings.withLock { $0.connections.append(connection) }
      var room = try world.registry.enter(pickRoom())
      guard join(room, connection, nickname) else { return world.fault("a room is closed") }
      world.present.withLock { $0.append(connection) }
      defer { world.present.withLock { $0.removeAll { $0 === connection } } }
      while !world.isOver, connection.peer.interruptionReason == nil {
        switch Int.random(in: isRestless ? 70..<100 : 0..<100, using: &random) {
        case 0..<40: say(room)
        case 40..<75: tell()
        case 75..<80: query(room, connection, isFile: false)
        case 80..<82: query(room, connection, isFile: true)
        case 82..<97 where !isLazy:
          switch try move(&room, connection, nickname) {
          case .moved: break
          case .left: return
          }
        case 97... where !isLazy:
          return leave(room, connection, nickname)
        default: if isLazy { SystemThread.sleep(for: .milliseconds(1)) }
        }
      }
      if isLazy {
        // It reads on after all, and gets what it was promised.
        for _ in 0..<10 { connection.transport.read() }
      }
      leave(room, connection, nickname)
    }

    private mutating func pickRoom() -> RoomName {
      world.rooms[Int.random(in: 0..<world.rooms.count, using: &random)]
    }

    private func join(_ room: Room, _ connection: Connection, _ nickname: Nickname) -> Bool {
      room.join(
        connection.peer, as: nickname,
        greeting: { sequence, _ in
          world.findings.withLock { $0.note(room.name, sequence) }
          return Array("in \(room.name.text)\n".utf8)
        })
    }

    private mutating func say(_ room: Room) {
      let count = Int.random(in: 1...3, using: &random)
      var lines = ""
      for _ in 0..<count {
        said += 1
        lines += "\(name) says \(said)\n"
      }
      if !room.say(Array(lines.utf8), lines: count) { world.fault("a room is closed") }
    }

    private mutating func tell() {
      let all = world.present.withLock { $0 }
      guard let target = all.randomElement(using: &random) else { return }
      let text = "private \(name) \(random.next())"
      if target.peer.enqueue(Array("\(text)\n".utf8)) == .queued {
        target.receipts.withLock { $0.append(text) }
        world.findings.withLock { $0.receipts += 1 }
      }
    }

    /// Asks for the past, whose pieces are lines, or for a file, whose pieces are not.
    private mutating func query(_ room: Room, _ connection: Connection, isFile: Bool) {
      queries += 1
      let lines = (0..<3).map { "\(isFile ? "file" : "past") \(name)\(queries) \($0)\n" }
      let pieces =
        isFile ? [lines[0] + lines[1].prefix(9), lines[1].dropFirst(9) + lines[2]] : lines
      _ = room.pauseLog(of: connection.peer)
      for (index, piece) in pieces.enumerated() {
        let isWhole = !isFile || index == pieces.count - 1
        // One that was cut off meanwhile is sent no answer.
        switch connection.peer.splice(Array(piece.utf8), isWhole: isWhole) {
        case .queued: break
        case .full, .absent:
          if isFile, index > 0 {
            connection.isTorn.withLock { $0 = true }
            connection.peer.fail(.slowConsumer)
          }
          connection.peer.resumeLog()
          return
        }
        if Bool.random(using: &random) { say(room) }
      }
      connection.peer.resumeLog()
    }

    private enum Moved { case moved, left }

    private mutating func move(
      _ room: inout Room, _ connection: Connection, _ nickname: Nickname
    ) throws -> Moved {
      let next = try world.registry.enter(pickRoom())
      guard next !== room else {
        world.registry.leave(next)
        return .moved
      }
      guard room.moveOut(connection.peer, as: nickname) else { throw Failure("a room is closed") }
      world.findings.withLock { $0.moves += 1 }
      let isLeaving = Int.random(in: 0..<20, using: &random) == 0
      // On a machine that is busy with other things, anyone may be cut off.
      if isLeaving || !connection.peer.waitUntilReleased() {
        // It leaves on its way.
        world.registry.leave(next)
        if let rest = connection.peer.finishMoving(Array("bye\n".utf8)) {
          _ = connection.peer.waitUntilReleased(until: .now + .seconds(20))
          send(rest, over: connection.transport)
        } else {
          room.wakeBroadcaster()
        }
        end(room, connection)
        return .left
      }
      world.registry.leave(room)
      if Int.random(in: 0..<20, using: &random) == 0 {
        // It leaves between two rooms.
        world.registry.leave(next)
        send(connection.peer.finishOutside() + Array("bye\n".utf8), over: connection.transport)
        connection.isWhole.withLock { $0 = true }
        return .left
      }
      room = next
      guard join(room, connection, nickname) else { throw Failure("a room is closed") }
      return .moved
    }

    private func leave(_ room: Room, _ connection: Connection, _ nickname: Nickname) {
      room.leave(connection.peer, as: nickname, lastLine: Array("bye\n".utf8))
      end(room, connection)
    }

    private func end(_ room: Room, _ connection: Connection) {
      let limit = MonotonicTime.now + .seconds(20)
      while !connection.peer.waitUntilReleased(until: .now + .milliseconds(5)) {
        connection.transport.read()
        guard .now < limit else {
          world.fault("\(name) was not released")
          break
        }
      }
      world.registry.leave(room)
      let isTorn = connection.isTorn.withLock { $0 }
      connection.isWhole.withLock { $0 = !isTorn }
    }

    private func send(_ bytes: [UInt8], over transport: FakeTransport) {
      var rest = bytes[...]
      while !rest.isEmpty {
        let sent = try? rest.withUnsafeBytes { try transport.send($0) }
        rest = rest.dropFirst(sent?.count ?? rest.count)
      }
    }
  }

  /// Full rooms, and rooms that are emptied and entered again all the time.
  @Test(
    "receipts hold, numbers are given once, answers are whole, streams have no gap",
    arguments: [false, true])
  func model(isRestless: Bool) throws {
    try SeededRandom.run { random in
      let threads = 8
      let world = try World(rooms: isRestless ? 6 : 3, threads: threads, for: .seconds(4))
      for index in 0..<threads {
        let seed = random.next()
        try SystemThread.start(named: "person") {
          var person = Person(
            world: world, name: "p\(index)", isLazy: index == 0 && !isRestless,
            isRestless: isRestless, random: SeededRandom(seed: seed))
          do { try person.run() } catch { world.fault("p\(index): \(error)") }
          world.running.withLock { $0 -= 1 }
          world.running.wake()
        }
      }
      let isOver: Void? = world.running.wait(until: .now + .seconds(60)) { $0 == 0 ? () : nil }
      #expect(isOver != nil, "somebody waits for ever")
      world.registry.close()
      let (faults, connections, moves, receipts) = world.findings.withLock {
        ($0.faults, $0.connections, $0.moves, $0.receipts)
      }
      let found = faults + connections.flatMap { $0.faults() }
      #expect(found.isEmpty, "\(found.count) faults: \(found.prefix(15))")
      // A run in which little happened shows nothing.
      #expect(moves > 100 && receipts > 100 && connections.count > threads, "\(moves) moves")
      print("\(connections.count) connections, \(moves) moves, \(receipts) receipts")
    }
  }
}
