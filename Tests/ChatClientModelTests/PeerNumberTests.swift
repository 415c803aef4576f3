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

  @Test("a frame of any offset and size is taken, dropped or refused", arguments: numbers)
  func frames(size: UInt64) {
    for offset in Self.numbers {
      for total in Self.numbers {
        var state = DownloadState(size: total)
        _ = state.begin(length: 0)
        for _ in 0..<8 {
          if state.frame(offset: offset, size: size) == .take { state.received(Int(size)) }
          _ = state.frame(offset: offset &+ 1, size: size)
          _ = state.take(sums: ["0123456789abcdef"], isLast: false)
          _ = state.end()
        }
        #expect(state.length <= total)
      }
    }
  }

  @Test("a frame over the protocol's limit is refused, in whatever state the download is")
  func tooLarge() {
    var state = DownloadState(size: .max)
    #expect(state.begin(length: 0) == .get(offset: 0))
    #expect(state.frame(offset: 0, size: UInt64(Limits.frameBytes) + 1) == .refuse(.get(offset: 0)))
    #expect(state.frame(offset: 50, size: .max) == .refuse(.get(offset: 0)))
    #expect(state.frame(offset: 50, size: .max) == .refuse(.fail(.damaged)))
  }

  @Test("sums of blocks are counted for a file of any size", arguments: numbers)
  func sums(size: UInt64) {
    var state = DownloadState(size: size)
    #expect(state.begin(length: size) == .check)
    #expect(state.mismatch() == .askSums)
    let words = [String](repeating: "ffffffffffffffff", count: 100)
    #expect(state.take(sums: words, isLast: true) == .compare)
    let blocks =
      size / UInt64(Limits.sumBlockBytes) + (size % UInt64(Limits.sumBlockBytes) > 0 ? 1 : 0)
    #expect(state.sums.count == Int(min(100, blocks)))
  }

  @Test("an upload starts inside its file", arguments: numbers)
  func uploads(offset: UInt64) {
    for size in Self.numbers {
      var state = UploadState()
      _ = state.prepared(size: size)
      let step = state.start(offset: offset)
      #expect((step == .send(offset: offset)) == (offset <= size))
    }
  }

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
