import ChatHistory
import Testing

/// Groups whose numbers are not those of their lines: what a damaged file may hold.
@Suite("A group of lines")
struct StoredGroupTests {
  /// How many lines are handed over before the damage is found.
  private static func lines(first: Int64, count: Int64, of text: String) -> (Int, isDamaged: Bool) {
    Array(text.utf8).withUnsafeBytes { bytes in
      let group = StoredGroup(
        id: 1, room: 1, first: first, count: count, timeMilliseconds: 0, bytes: bytes)
      var lines = 0
      do throws(HistoryError) {
        try group.eachLine { _, _ throws(HistoryError) in
          lines += 1
          return true
        }
        return (lines, false)
      } catch {
        return (lines, error.kind == .damaged)
      }
    }
  }

  @Test(
    "no more lines are handed over than the group counts",
    arguments: [(0, 0), (1, 0), (0, 1), (7, 2), (.max, 0), (.max, 1), (.min, 0), (.min, 2)]
      as [(Int64, Int64)])
  func tooMany(first: Int64, count: Int64) {
    #expect(Self.lines(first: first, count: count, of: "a\nb\nc\n") == (Int(count), true))
  }

  @Test("what is whole is handed over whole, wherever it begins")
  func whole() {
    for first in [0, 1, Int64.max - 1, .max] {
      #expect(Self.lines(first: first, count: 3, of: "a\nb\n\n") == (3, false))
    }
    #expect(Self.lines(first: 0, count: 0, of: "") == (0, false))
    #expect(Self.lines(first: 5, count: .max, of: "a\n") == (1, true))
    #expect(Self.lines(first: 5, count: 1, of: "a") == (0, true))
  }
}
