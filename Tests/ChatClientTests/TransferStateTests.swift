import ChatClient
import ChatCore
import ChatSystem
import Testing

@Suite("DownloadState")
struct DownloadStateTests {
  /// A download of 3,000,000 bytes of which so many are here.
  private static func state(_ length: UInt64) -> DownloadState {
    var state = DownloadState(size: 3_000_000)
    #expect(state.begin(length: length) == .get(offset: length))
    return state
  }

  @Test("only what goes on where the beginning ends is taken")
  func frames() {
    var state = Self.state(100)
    #expect(state.frame(offset: 100, size: 50) == .take)
    state.received(50)
    #expect(state.length == 150)
    #expect(state.frame(offset: 100, size: 50) == .refuse(.get(offset: 150)))
    // What follows was on its way.
    #expect(state.frame(offset: 200, size: 50) == .drop)
    #expect(state.end() == .nothing)
    #expect(state.frame(offset: 150, size: 50) == .take)
    #expect(state.frame(offset: 150, size: 3_000_000) == .refuse(.get(offset: 150)))
    #expect(state.frame(offset: 150, size: 50) == .take)
    #expect(state.frame(offset: 0, size: .max) == .refuse(.fail(.damaged)))
  }

  @Test("a server that goes on sending what is wrong comes to an end")
  func endless() {
    var state = Self.state(0)
    var frames = 0
    while state.frame(offset: 5, size: 65_536) != .refuse(.fail(.damaged)), frames < 10_000 {
      frames += 1
    }
    #expect(frames < 3_000)
  }

  @Test("an end before the end is asked past, three times in all")
  func shortEnd() {
    var state = Self.state(10)
    #expect(state.end() == .get(offset: 10))
    #expect(state.end() == .nothing)
    #expect(state.end() == .get(offset: 10))
    #expect(state.end() == .nothing)
    #expect(state.end() == .fail(.damaged))
  }

  @Test("what is here whole is checked; what is wrong is compared block by block")
  func sums() {
    var state = DownloadState(size: 3_000_000)
    #expect(state.begin(length: 3_000_000) == .check)
    #expect(state.mismatch() == .askSums)
    let sum = String(repeating: "0", count: 16)
    #expect(state.take(sums: [sum, sum], isLast: false) == .nothing)
    #expect(state.take(sums: [sum, sum, sum], isLast: true) == .compare)
    #expect(state.sums.count == 3)
    #expect(state.compared(length: 1_048_576) == .get(offset: 1_048_576))
    #expect(state.mismatch() == .askSums)
    #expect(state.interrupt() == .nothing)
    #expect(state.resume() == .askSums)
    #expect(state.take(sums: ["nonsense"], isLast: true) == .compare)
    #expect(state.compared(length: 0) == .get(offset: 0))
    #expect(state.mismatch() == .askSums)
    #expect(state.take(sums: [], isLast: true) == .compare)
    #expect(state.compared(length: 0) == .fail(.damaged))
  }

  @Test("losses count only where nothing new came in between")
  func losses() {
    var state = Self.state(0)
    for _ in 0..<10 {
      #expect(state.interrupt() == .nothing)
      #expect(state.frame(offset: state.length, size: 1) == .drop)
      #expect(state.resume() == .get(offset: state.length))
      #expect(state.frame(offset: state.length, size: 1) == .take)
      state.received(1)
    }
    #expect(state.interrupt() == .nothing)
    for _ in 0..<2 {
      #expect(state.resume() == .get(offset: 10))
      #expect(state.interrupt() == .nothing)
    }
    #expect(state.resume() == .get(offset: 10))
    #expect(state.interrupt() == .fail(.lost))
  }
}

@Suite("UploadState")
struct UploadStateTests {
  @Test("announced, sent from where the server wants it; a loss announces it anew")
  func resume() {
    var state = UploadState()
    #expect(state.prepared(size: 100) == .announce)
    #expect(state.start(offset: 0) == .send(offset: 0))
    #expect(state.start(offset: 0) == .nothing)
    for offset: UInt64 in [10, 20, 30, 40] {
      #expect(state.interrupt() == .nothing)
      #expect(state.resume() == .announce)
      #expect(state.start(offset: offset) == .send(offset: offset))
    }
    for _ in 0..<2 {
      #expect(state.interrupt() == .nothing)
      #expect(state.resume() == .announce)
      #expect(state.start(offset: 40) == .send(offset: 40))
    }
    guard case .fail = state.interrupt() else {
      Issue.record("it does not fail")
      return
    }
  }

  @Test("a server that wants more than there is, or finds other bytes three times")
  func failures() {
    var state = UploadState()
    _ = state.prepared(size: 100)
    guard case .fail = state.start(offset: 101) else {
      Issue.record("it does not fail")
      return
    }
    #expect(state.mismatch() == .announce)
    #expect(state.mismatch() == .announce)
    guard case .fail = state.mismatch() else {
      Issue.record("it does not fail")
      return
    }
  }
}

@Suite("TransferRate and TransferProgress")
struct TransferRateTests {
  private static func time(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  @Test("the rate is that of the last five seconds")
  func rate() {
    var rate = TransferRate(bytes: 1_000, at: Self.time(0))
    #expect(rate.bytesPerSecond(at: Self.time(0)) == 0)
    for second: Int64 in 1...10 {
      rate.note(1_000 + UInt64(second) * 100, at: Self.time(second * 1_000))
    }
    #expect(rate.bytesPerSecond(at: Self.time(10_000)) == 100)
    for second: Int64 in 11...20 { rate.note(2_000, at: Self.time(second * 1_000)) }
    #expect(rate.bytesPerSecond(at: Self.time(20_000)) == 0)
    rate.note(500, at: Self.time(21_000))
    rate.note(1_500, at: Self.time(22_000))
    #expect(rate.bytesPerSecond(at: Self.time(22_000)) == 1_000)
  }

  @Test("many notes cost no memory, and greatest numbers no trap")
  func bounds() {
    var rate = TransferRate(bytes: 0, at: Self.time(0))
    for tick: Int64 in 1...100_000 { rate.note(UInt64(tick), at: Self.time(tick)) }
    #expect(rate.bytesPerSecond(at: Self.time(100_000)) == 1_000)
    rate.note(.max, at: Self.time(100_001))
    _ = rate.bytesPerSecond(at: Self.time(100_001))
  }

  @Test(
    "in words",
    arguments: [
      (43, 100, 1, "↓ a 43 % 1 B/s 0:57 left"), (0, 0, 0, "↓ a 100 %"),
      (516_000_000, 1_200_000_000, 12_300_000, "↓ a 43 % 12 MB/s 0:56 left"),
      (0, 7_322_000, 1_000, "↓ a 0 % 1.0 kB/s 2:02:02 left"), (5, 10, 0, "↓ a 50 %"),
      (999, 1_000, 1_000, "↓ a 99 % 1.0 kB/s 0:01 left"),
      (0, UInt64.max, 1, "↓ a 0 % 1 B/s"), (UInt64.max, UInt64.max, 1, "↓ a 100 % 1 B/s 0:00 left"),
    ] as [(UInt64, UInt64, UInt64, String)])
  func words(_ bytes: UInt64, _ size: UInt64, _ rate: UInt64, _ text: String) {
    #expect(
      TransferProgress(.down, name: "a", bytes: bytes, size: size, bytesPerSecond: rate).text
        == text)
  }
}

@Suite("PathWords")
struct PathWordsTests {
  @Test("bytes that are no UTF-8 mean themselves, in quotes and after a backslash too")
  func bytes() {
    let line: [UInt8] = [
      0xE9, 0x5C, 0xFF, 0x20, 0x22, 0xC3, 0x22, 0x27, 0x80, 0x27, 0x20, 0x7E, 0x2F,
    ]
    let home = FilePath([0x2F, 0xFE])
    #expect(
      PathWords.split(line, home: home) == [
        FilePath([0xE9, 0xFF]), FilePath([0xC3, 0x80]), FilePath([0x2F, 0xFE, 0x2F]),
      ])
  }

  @Test(
    "spaces, quotes, backslashes and one's own folder, as in a shell",
    arguments: [
      ("a b", ["a", "b"]), (#"a\ b  c"#, ["a b", "c"]), (#""a b" 'c d'e"#, ["a b", "c de"]),
      ("~/x ~ y~ '~/x'", ["/home/me/x", "/home/me", "y~", "~/x"]), (#""a\"b\c""#, [#"a"b\c"#]),
      (#"'a\'"#, [#"a\"#]), ("~bob", ["~bob"]), ("", []), ("  ", []), ("''", [""]),
      (#"a\"#, [#"a\"#]),
      ("\"a", nil), ("'a", nil),
    ] as [(String, [String]?)])
  func split(_ text: String, _ words: [String]?) {
    #expect(PathWords.split(Array(text.utf8), home: "/home/me") == words?.map { FilePath($0) })
  }
}
