import ChatCore
import ChatServer
import ChatSystem
import Dispatch
import Synchronization
import TestKit
import Testing

@Suite("RoomRegistry", .timeLimit(.minutes(1)))
struct RoomRegistryTests {
  /// Seconds that pass when the test says so.
  private final class TestClock: Sendable {
    private let seconds = Atomic<Int>(0)

    var reading: ClockReading {
      ClockReading(
        wallMilliseconds: 1_700_000_000_000, sinceBoot: .seconds(seconds.load(ordering: .relaxed)))
    }

    func pass(_ count: Int) { seconds.wrappingAdd(count, ordering: .relaxed) }
  }

  private let clock = TestClock()
  private let rooms: RoomRegistry

  init() throws {
    rooms = try RoomRegistry(timeToLive: .seconds(10), readerTimeout: .seconds(60)) {
      [clock] in clock.reading
    }
  }

  private func refusal(of name: RoomName) -> ErrorCode? {
    do throws(Refusal) {
      _ = try rooms.enter(name)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("all who enter a room use one, until the last leaves; the next goes on with its numbers")
  func shared() throws {
    let name = try RoomName("#a")
    let room = try rooms.enter(name)
    #expect(try rooms.enter(name) === room)
    #expect(room.say(Array("one\ntwo\n".utf8), lines: 2))
    let end = room.end
    #expect(end.sequence == 2 && end.position == 8)
    rooms.leave(room)
    #expect(rooms.open.contains { $0 === room })
    rooms.leave(room)
    #expect(!rooms.open.contains { $0 === room })
    let next = try rooms.enter(name)
    #expect(next !== room)
    #expect(next.end == end)
  }

  @Test("a private room can be entered by its code, and again until its time is over")
  func timeToLive() throws {
    let unknown = try RoomName("abcDEF")
    #expect(!rooms.exists(unknown))
    #expect(refusal(of: unknown) == .roomNotFound)
    let room = try rooms.enterNew()
    #expect(room.name.kind == .private)
    // However long somebody is in it.
    clock.pass(1_000)
    #expect(rooms.exists(room.name))
    rooms.leave(room)
    clock.pass(9)
    let again = try rooms.enter(room.name)
    rooms.leave(again)
    clock.pass(9)
    #expect(rooms.exists(room.name))
    clock.pass(1)
    #expect(!rooms.exists(room.name))
    #expect(refusal(of: room.name) == .roomNotFound)
  }

  @Test("the lobby is always listed, and first; other public rooms while they have members")
  func listed() throws {
    let names = ["#b", "#a"]
    let peers = try names.map { name in
      let room = try rooms.enter(try RoomName(name))
      let peer = Peer(transport: try FakeTransport(), address: Address(host: "127.0.0.1", port: 1))
      #expect(room.join(peer, as: try Nickname("alice")) { _, _ in [] })
      return (room, peer)
    }
    // Nobody has joined these two yet.
    _ = try rooms.enter(try RoomName("#c"))
    _ = try rooms.enterNew()
    #expect(rooms.listed.map(\.name) == ["lobby", "#a", "#b"])
    #expect(rooms.listed.map(\.members) == [0, 1, 1])
    for (room, peer) in peers {
      room.leave(peer, as: try Nickname("alice"), lastLine: [])
      #expect(peer.waitUntilReleased(until: .now + .seconds(20)))
    }
    #expect(rooms.listed.map(\.name) == ["lobby"])
  }

  @Test("however many enter and leave at once, no number of a room is given twice")
  func concurrent() throws {
    let (threads, rounds) = (8, 50)
    let name = try RoomName("#a")
    let said = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      for _ in 0..<rounds {
        guard let room = try? rooms.enter(name) else { return }
        if room.say(Array("line\n".utf8), lines: 1) { said.add(1, ordering: .relaxed) }
        rooms.leave(room)
      }
    }
    #expect(said.load(ordering: .relaxed) == threads * rounds)
    let end = try rooms.enter(name).end
    #expect(end.sequence == UInt64(threads * rounds))
    #expect(end.position == UInt64(threads * rounds * 5))
  }

  @Test("once closed, neither the rooms that are open take a line nor any that is entered later")
  func closed() throws {
    let room = try rooms.enter(try RoomName("#a"))
    rooms.close()
    #expect(!room.say(Array("line\n".utf8), lines: 1))
    let later = try rooms.enter(try RoomName("#b"))
    #expect(!later.say(Array("line\n".utf8), lines: 1))
    #expect(room.end.sequence == 0)
  }
}
