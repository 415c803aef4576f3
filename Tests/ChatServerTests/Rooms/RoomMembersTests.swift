import ChatCore
import ChatServer
import ChatSystem
import TestKit
import Testing

/// A room's members over transports whose systems the test plays.
@Suite("Room", .timeLimit(.minutes(1)))
struct RoomMembersTests {
  private let room: Room

  init() throws {
    let rooms = try RoomRegistry(timeToLive: .seconds(10), readerTimeout: .seconds(60)) {
      ClockReading(wallMilliseconds: 0, sinceBoot: .zero)
    }
    room = try rooms.enter(try RoomName("#a"))
  }

  /// Adds a member that reads all, and is greeted with the number of its join and the number of members.
  private func join(_ nickname: String) throws -> (FakeTransport, Peer) {
    var behavior = FakeTransport.Behavior()
    behavior.isRead = true
    let transport = try FakeTransport(behavior)
    let peer = Peer(transport: transport, address: Address(host: "127.0.0.1", port: 1))
    let isIn = room.join(peer, as: try Nickname(nickname)) { sequence, members in
      Array("line \(sequence), \(members) here\n".utf8)
    }
    #expect(isIn)
    return (transport, peer)
  }

  private func say(_ text: String) {
    #expect(room.say(Array("\(text)\n".utf8), lines: 1))
    room.wakeBroadcaster()
  }

  @Test("each is sent the room from its own join on, with its greeting right after that")
  func stream() throws {
    let (alice, _) = try join("alice")
    say("one")
    let (bob, _) = try join("bob")
    say("two")
    let fromBob = "bob joined!\n"
    try eventually("alice has all") {
      alice.text == "alice joined!\nline 1, 1 here\none\n\(fromBob)two\n"
    }
    try eventually("bob has all") { bob.text == "\(fromBob)line 3, 2 here\ntwo\n" }
    #expect(room.memberNames == ["alice", "bob"])
    #expect(room.end.sequence == 4)
  }

  @Test("a member is renamed at the line that tells of it, and another may take the old nickname")
  func rename() throws {
    let (alice, _) = try join("alice")
    #expect(room.rename(try Nickname("alice"), to: try Nickname("carol")))
    #expect(room.memberNames == ["carol"])
    _ = try join("alice")
    #expect(room.memberNames == ["alice", "carol"])
    #expect(room.memberCount == 2)
    try eventually("she has seen both") {
      alice.text.hasSuffix("alice is now carol\nalice joined!\n")
    }
  }

  @Test("who leaves is sent all that was said before, then the last line and the end")
  func leave() throws {
    let (alice, _) = try join("alice")
    let (bob, bobPeer) = try join("bob")
    for number in 0..<100 { say("\(number)") }
    room.leave(bobPeer, as: try Nickname("bob"), lastLine: Array("Bye!\n".utf8))
    say("after")
    #expect(bobPeer.waitUntilReleased(until: .now + .seconds(20)))
    let lines = (0..<100).map { "\($0)\n" }.joined()
    #expect(bob.text == "bob joined!\nline 2, 2 here\n\(lines)Bye!\n")
    try eventually("alice goes on") { alice.text.hasSuffix("\(lines)bob left!\nafter\n") }
    #expect(room.memberNames == ["alice"])
  }

  @Test("who moves out is sent no last line, and is no member any more")
  func moveOut() throws {
    let (bob, bobPeer) = try join("bob")
    say("one")
    #expect(room.moveOut(bobPeer, as: try Nickname("bob")))
    say("two")
    #expect(bobPeer.waitUntilReleased(until: .now + .seconds(20)))
    #expect(bob.text == "bob joined!\nline 1, 1 here\none\n")
    #expect(room.memberNames == [])
  }

  @Test("a closed room takes no line and no member, and lets its members leave")
  func closed() throws {
    let (alice, alicePeer) = try join("alice")
    say("one")
    room.close()
    #expect(!room.say(Array("two\n".utf8), lines: 1))
    #expect(!room.rename(try Nickname("alice"), to: try Nickname("carol")))
    let late = Peer(transport: try FakeTransport(), address: Address(host: "127.0.0.1", port: 1))
    #expect(!room.join(late, as: try Nickname("late")) { _, _ in [] })
    room.leave(alicePeer, as: try Nickname("alice"), lastLine: Array("Bye!\n".utf8))
    #expect(alicePeer.waitUntilReleased(until: .now + .seconds(20)))
    #expect(alice.text == "alice joined!\nline 1, 1 here\none\nBye!\n")
  }
}
