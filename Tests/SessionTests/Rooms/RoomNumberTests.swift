import ChatSystem
import Synchronization
import TestKit
import Testing

/// What a room's numbers promise: each is given once.
@Suite("Numbers of lines", .serialized, .timeLimit(.minutes(5)))
struct RoomNumberTests {
  @Test(
    "two who hop between two rooms, each empty now and then: no number is given twice",
    arguments: [["--no-history"], []])
  func hopping(_ arguments: [String]) throws {
    let pairs = 4
    let rounds = Environment.isSanitized ? 5 : arguments.isEmpty ? 10 : 200
    let movesAtOnce = 50
    let server = try TestServer(arguments: arguments + ["--rate", "0", "--log-level", "warning"])
    let numbers = Guarded<[String: [String]]>([:])
    let failures = Guarded<[String]>([])
    let ended = Atomic<Int>(0)
    for hopper in 0..<(2 * pairs) {
      let nickname = "u\(hopper)"
      let socket = try server.joinSpeaking(nickname)
      let hops = Hops(socket: socket)
      try SystemThread.start(named: "hopper") {
        defer { ended.wrappingAdd(1, ordering: .releasing) }
        do {
          let rooms = ["#a\(hopper / 2)", "#b\(hopper / 2)"]
          for round in 0..<rounds {
            let moves = (0..<movesAtOnce).map { "[ROOM]:\(rooms[$0 % 2])\n" }.joined()
            let joins = try hops.run(moves + "[PING]:\(round)\n", until: "[PONG]:\(round)")
            numbers.withLock { numbers in
              for (room, number) in joins { numbers[room, default: []].append(number) }
            }
          }
          _ = try hops.run("[ROOM]:lobby\n[PING]:end\n", until: "[PONG]:end")
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
    }
    try eventually("they have hopped", within: .seconds(240)) {
      ended.load(ordering: .acquiring) == 2 * pairs
    }
    #expect(failures.withLock { $0 }.isEmpty)
    let all = numbers.withLock { $0 }
    print("\(all.values.map(\.count).reduce(0, +)) moves")
    for (room, numbers) in all {
      #expect(Set(numbers).count == numbers.count, "\(room): numbers were given twice")
      // Everyone who came has gone again: two lines each.
      let witness = try server.connect()
      try witness.send("[HELLO]:1\n[ROOM]:\(room)\nwitness\(room.dropFirst())\n[ROOM]:\(room)\n")
      var end = ""
      while let line = try witness.line() {
        if line.hasPrefix("[ROOM]:") {
          end = String(line.split(separator: "\t")[1])
          break
        }
      }
      #expect(end == "seq=\(2 * numbers.count + 1)", "\(room): numbers were given twice")
    }
    #expect(all.values.map(\.count).reduce(0, +) == 2 * pairs * rounds * movesAtOnce)
  }

  /// One client's moves. Sound: one thread has it at a time.
  private final class Hops: @unchecked Sendable {
    private let socket: TestSocket

    init(socket: TestSocket) { self.socket = socket }

    /// Sends moves, and takes the number of each own join, up to a line.
    func run(_ moves: String, until end: String) throws -> [(room: String, number: String)] {
      try socket.send(moves)
      var joins: [(room: String, number: String)] = []
      while let line = try socket.line(), line != end {
        let fields = line.split(separator: "\t")
        guard let first = fields.first, first.hasPrefix("[ROOM]:"), fields.count > 1 else {
          continue
        }
        joins.append((String(first.dropFirst("[ROOM]:".count)), String(fields[1])))
      }
      return joins
    }
  }
}
