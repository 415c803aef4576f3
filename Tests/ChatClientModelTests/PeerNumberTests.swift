import ChatClientModel
import ChatCore
import Testing

/// Numbers that a server gives: none of them may trap.
@Suite("Numbers of a server")
struct PeerNumberTests {
  /// The ends of the ranges, and what is beside them.
  private static let numbers: [UInt64] = [
    0, 1, 50, 65_536, 65_537, UInt64(Int64.max) - 1, UInt64(Int64.max), UInt64(Int64.max) + 1,
    .max - 65_536, .max - 1, .max,
  ]

  @Test("lines may have any number, in any order", arguments: numbers)
  func sequences(number: UInt64) {
    for other in Self.numbers {
      var position = StreamPosition()
      position.follow(
        .session(.welcome(room: "lobby", sequence: number, members: .max, maxFileBytes: .max)),
        nickname: "alice")
      position.follow(.room(.said(by: "bob", text: "hi")), nickname: "alice")
      position.follow(missed: other)
      position.follow(.room(.left("bob")), nickname: "alice")
      #expect(position.sequence == (other == .max ? .max : other + 1))

      var catchUp = CatchUp(room: "lobby", since: number, after: .lines(.max))
      _ = catchUp.take(.reply(.past("bob: hi", sequence: other, time: "")))
      _ = catchUp.take(
        .session(.welcome(room: "lobby", sequence: other, members: 0, maxFileBytes: 0)))
      _ = catchUp.take(.reply(.past("bob: hi", sequence: .max, time: "")))
      guard case .over = catchUp.take(.reply(.pastEnd)) else {
        Issue.record("it is not over")
        continue
      }
    }
  }

  @Test("sizes, rates and times are put into words", arguments: numbers)
  func words(number: UInt64) {
    #expect(!ByteCount.text(number).isEmpty)
    for other in Self.numbers {
      let progress = TransferProgress(
        .down, name: "a", bytes: number, size: other, bytesPerSecond: other)
      #expect(progress.text.hasPrefix("↓ a "))
      var rate = TransferRate(bytes: number, at: .zero)
      rate.note(other, at: .nanoseconds(1))
      _ = rate.bytesPerSecond(at: .nanoseconds(1))
    }
  }

  @Test(
    "a negative count is invalid",
    arguments: ["[GOT]:id\thave=-1\tof=3", "[GOT]:id\thave=1\tof=-3", "[GOT]:id\thave=\tof=1"])
  func negative(line: String) {
    #expect(ServerLine(Array(line.utf8).span) == .unknown(line, isTagged: true))
  }

  @Test("the number of members is never negative")
  func members() {
    let line = "[WELCOME]:1\troom=lobby\tseq=1\tmembers=-9223372036854775808\tmax-file=0"
    #expect(
      ServerLine(Array(line.utf8).span)
        == .session(.welcome(room: "lobby", sequence: 1, members: 0, maxFileBytes: 0)))
  }
}
