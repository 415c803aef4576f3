import ChatCore
import ChatServer
import Testing

@Suite("EmptiedRooms")
struct EmptiedRoomsTests {
  private static func time(_ seconds: Int64) -> Duration { .seconds(seconds) }

  @Test("a room goes on where it ended")
  func start() throws {
    var rooms = EmptiedRooms(timeToLive: .seconds(10))
    let name = try RoomName("#a")
    #expect(rooms.start(of: name, now: Self.time(0)) == RoomStart())
    rooms.insert(name, RoomStart(sequence: 7, position: 90), now: Self.time(0))
    let start = rooms.start(of: name, now: Self.time(1_000_000))
    #expect(start == RoomStart(sequence: 7, position: 90))
  }

  @Test("a private room can be entered again for its time, and no longer")
  func timeToLive() throws {
    var rooms = EmptiedRooms(timeToLive: .seconds(10))
    let code = try RoomName("abcDEF")
    #expect(rooms.start(of: code, now: Self.time(0)) == nil)
    rooms.insert(code, RoomStart(sequence: 7, position: 90), now: Self.time(5))
    #expect(rooms.start(of: code, now: Self.time(14)) == RoomStart(sequence: 7, position: 90))
    #expect(rooms.start(of: code, now: Self.time(15)) == nil)
  }

  @Test("of too many some are forgotten, and no number is given twice all the same")
  func limit() throws {
    var rooms = EmptiedRooms(timeToLive: .seconds(10), limit: 50)
    var ends: [RoomName: RoomStart] = [:]
    for round in 0..<3 {
      for number in 0..<200 {
        let name = try RoomName("#r\(number)")
        let start = try #require(rooms.start(of: name, now: Self.time(Int64(round))))
        let last = ends[name] ?? RoomStart()
        #expect(start.sequence >= last.sequence && start.position >= last.position)
        rooms.remove(name)
        let end = RoomStart(
          sequence: start.sequence + UInt64(number % 7 + 1),
          position: start.position + UInt64(number % 5 + 10))
        ends[name] = end
        rooms.insert(name, end, now: Self.time(Int64(round)))
        #expect(rooms.count <= 50)
      }
    }
  }

  @Test("whoever enters a private room that was forgotten finds out that it may have been there")
  func forgottenPrivate() throws {
    for time in [Int64(0), 100] {
      var rooms = EmptiedRooms(timeToLive: .seconds(10), limit: 2)
      for letter in "ab" {
        rooms.insert(try RoomName("aaaaa\(letter)"), RoomStart(), now: Self.time(0))
      }
      #expect(!rooms.hasForgottenPrivate)
      rooms.insert(try RoomName("aaaaac"), RoomStart(), now: Self.time(time))
      #expect(rooms.hasForgottenPrivate)
    }
  }

  @Test("private rooms whose time is over make space first")
  func privateFirst() throws {
    var rooms = EmptiedRooms(timeToLive: .seconds(10), limit: 20)
    for letter in "abcdefghij" {
      rooms.insert(
        try RoomName("aaaaa\(letter)"), RoomStart(sequence: 1_000, position: 9), now: Self.time(0))
    }
    for number in 0..<10 {
      rooms.insert(
        try RoomName("#r\(number)"), RoomStart(sequence: 3, position: 9), now: Self.time(0))
    }
    rooms.insert(try RoomName("#new"), RoomStart(sequence: 3, position: 9), now: Self.time(20))
    #expect(rooms.count == 11)
    // Nothing public was forgotten.
    #expect(rooms.start(of: try RoomName("#other"), now: Self.time(20)) == RoomStart())
  }
}
