import ChatClientModel
import ChatCore
import Testing

@Suite("DownloadState")
struct DownloadStateTests {
  /// A download of 3,000,000 bytes of which so many are here.
  private static func state(_ length: UInt64) -> DownloadState {
    var state = DownloadState(size: 3_000_000)
    #expect(state.begin(length: length) == .get(offset: length))
    return state
  }

  @Test("only bytes that continue the prefix are accepted")
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

  @Test("a server that keeps sending wrong frames fails the download")
  func endless() {
    var state = Self.state(0)
    var frames = 0
    while state.frame(offset: 5, size: 65_536) != .refuse(.fail(.damaged)), frames < 10_000 {
      frames += 1
    }
    #expect(frames < 3_000)
  }

  @Test("an early end is asked again, and fails at the third time")
  func shortEnd() {
    var state = Self.state(10)
    #expect(state.end() == .get(offset: 10))
    #expect(state.end() == .nothing)
    #expect(state.end() == .get(offset: 10))
    #expect(state.end() == .nothing)
    #expect(state.end() == .fail(.damaged))
  }

  @Test("a complete file is checked; a damaged one is compared block by block")
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
  @Test(
    "a file is announced, sent from the wanted offset, and announced again after a lost connection")
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

  @Test("it fails if the server wants more than there is, or finds other bytes three times")
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
