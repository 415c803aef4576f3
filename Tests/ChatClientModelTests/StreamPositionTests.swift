import ChatClientModel
import ChatCore
import Testing

@Suite("StreamPosition")
struct StreamPositionTests {
  /// Where alice is after these lines of a server.
  private static func position(_ lines: String...) -> StreamPosition {
    var position = StreamPosition()
    for line in lines {
      let bytes = Array(line.replacing("⇥", with: "\t").utf8)
      position.follow(ServerLine(bytes.span), nickname: "alice")
    }
    return position
  }

  private static let welcome = "[WELCOME]:1⇥room=lobby⇥seq=7⇥members=1⇥max-file=0"

  @Test("from the welcome on, the lines of the stream are counted, and no others")
  func counting() {
    #expect(Self.position() == StreamPosition())
    #expect(Self.position("alice joined!").sequence == nil)
    #expect(Self.position("alice joined!", Self.welcome).sequence == 7)
    for line in [
      "bob: hi", "bob joined!", "bob left!", "bob is now carol", "bob sent photo.png (48 kB)",
      "alice: hi", "alice is now bob", "bob: [PAST]:x", "bob:",
    ] {
      #expect(Self.position(Self.welcome, line).sequence == 8, "\(line)")
    }
    for line in [
      "Connected to server!", "You are in lobby", "Bye!", "NICK", "[NOTICE]:x", "[NEW]:x",
      "[PONG]:x", "[PAST]:bob: hi⇥seq=3⇥time=x", "[PAST]:⇥end=1", "[MSG]:bob hi⇥to=alice",
      "[ERROR]:no⇥code=bad-tag", "[FILE]:x⇥id=1",
    ] {
      #expect(Self.position(Self.welcome, line).sequence == 7, "\(line)")
    }
  }

  @Test("a server that names no number is not counted")
  func unnumbered() {
    #expect(Self.position("alice joined!", "Connected to server!", "bob: hi").sequence == nil)
  }

  @Test("the greatest number has no successor, and does not trap")
  func greatestNumber() {
    let greatest = "\(UInt64.max)"
    #expect(
      Self.position("[WELCOME]:1⇥room=lobby⇥seq=\(greatest)⇥members=1", "bob: hi").sequence == .max)
    #expect(
      Self.position(Self.welcome, "[ROOM]:#a⇥seq=\(greatest)⇥members=1", "bob: hi", "bob: hi")
        .sequence == .max)
  }

  @Test("a move counts neither in the old room nor in the new one until it is numbered")
  func moving() {
    let moving = Self.position(Self.welcome, "bob: hi", "alice joined!", "bob: there")
    #expect(moving.room == "lobby" && moving.sequence == 8)
    let moved = Self.position(
      Self.welcome, "bob: hi", "alice joined!", "[ROOM]:#swift⇥seq=40⇥members=2", "bob: hi")
    #expect(moved.room == "#swift" && moved.sequence == 41)
    var stayed = moving
    stayed.stay()
    stayed.follow(.room(.said(by: "bob", text: "hi")), nickname: "alice")
    #expect(stayed.sequence == 9)
  }
}
