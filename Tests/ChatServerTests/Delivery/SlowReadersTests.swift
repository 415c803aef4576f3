import ChatServer
import ChatSystem
import Testing

@Suite("Slow readers")
struct SlowReadersTests {
  private let readers = SlowReaders(readerTimeout: .seconds(30))
  private static func time(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  /// Asks at each of these milliseconds about a reader that takes so many bytes in a millisecond.
  private func verdicts(
    at times: [Int64], bytesEach: UInt64, isNear: Bool = false, of attached: Int = 10,
    near: Int = 9, canReadOn: Bool = true
  ) -> [SlowReaders.Verdict] {
    var pace = SlowReaders.Pace()
    let standing = SlowReaders.Standing(attached: attached, near: near, canReadOn: canReadOn)
    return times.map {
      readers.verdict(
        of: &pace, isNear: isNear, deliveredBytes: UInt64($0) * bytesEach, in: standing,
        now: Self.time($0))
    }
  }

  @Test("one that holds back many who are ahead is detached after a tenth of a second")
  func few() {
    #expect(verdicts(at: [0, 99], bytesEach: 1_000_000) == [.stays, .stays])
    #expect(verdicts(at: [0, 100], bytesEach: 1_000_000) == [.stays, .detached])
  }

  @Test("where few are ahead, it has a second")
  func most() {
    #expect(verdicts(at: [0, 999], bytesEach: 1_000_000, near: 4) == [.stays, .stays])
    #expect(verdicts(at: [0, 1_000], bytesEach: 1_000_000, near: 4) == [.stays, .detached])
  }

  @Test("where all are equally slow, the room is as fast as they are")
  func all() {
    #expect(verdicts(at: [0, 60_000], bytesEach: 100, near: 0) == [.stays, .stays])
    // One that has stopped is no pace for a room.
    #expect(verdicts(at: [0, 2_000], bytesEach: 10, near: 0) == [.stays, .detached])
  }

  @Test("one that is near the head is left alone, and its clocks begin again")
  func near() {
    #expect(verdicts(at: [0, 60_000], bytesEach: 0, isNear: true) == [.stays, .stays])
    var pace = SlowReaders.Pace()
    let standing = SlowReaders.Standing(attached: 10, near: 9, canReadOn: true)
    func verdict(_ isNear: Bool, _ time: Int64) -> SlowReaders.Verdict {
      readers.verdict(
        of: &pace, isNear: isNear, deliveredBytes: 1_000_000 * UInt64(time), in: standing,
        now: Self.time(time))
    }
    let all = [verdict(false, 0), verdict(true, 90), verdict(false, 100), verdict(false, 199)]
    #expect(all == [.stays, .stays, .stays, .stays])
    #expect(verdict(false, 200) == .detached)
  }

  @Test("where nothing is committed, nobody is cut off for being slow, only for having stopped")
  func withoutHistory() {
    #expect(
      verdicts(at: [0, 100, 1_000, 60_000], bytesEach: 100, canReadOn: false)
        == [.stays, .stays, .stays, .stays])
    // 64 KiB in two seconds are progress, less is none.
    #expect(
      verdicts(at: [0, 1_999, 2_000], bytesEach: 32, canReadOn: false)
        == [.stays, .stays, .cutOff])
  }

  @Test("one that takes nothing at all has the reader's timeout, and a byte begins it anew")
  func silence() {
    var pace = SlowReaders.Pace()
    func isSilent(_ bytes: UInt64, _ time: Int64) -> Bool {
      readers.isSilent(&pace, deliveredBytes: bytes, now: Self.time(time))
    }
    #expect(!isSilent(5, 0))
    #expect(!isSilent(5, 29_999))
    #expect(!isSilent(6, 29_999))
    #expect(!isSilent(6, 59_998))
    #expect(isSilent(6, 59_999))
  }
}
