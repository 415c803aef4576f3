internal import Synchronization

/// A small file in its classic form, `[FILE]:name` LF, the bytes, `<END>` LF: in memory once, for all who are sent
/// it, as long as one of them needs it.
package final class PushedFile: Sendable {
  /// How many bytes all of them may have together: whoever does not read keeps them.
  private static let capacity = 64 * 1_048_576
  private static let total = Atomic<Int>(0)

  /// What is sent.
  package let bytes: [UInt8]

  /// Makes one; `nil` if too many are in memory, or the file holds what ends it.
  package init?(name: String, content: [UInt8]) {
    let terminator = Array("<END>\n".utf8)
    bytes = Array("[FILE]:\(name)\n".utf8) + content + terminator
    let before = Self.total.wrappingAdd(bytes.count, ordering: .relaxed).oldValue
    guard before + bytes.count <= Self.capacity, !Self.contains(terminator, in: content) else {
      return nil
    }
  }

  private static func contains(_ word: [UInt8], in bytes: [UInt8]) -> Bool {
    var matched = 0
    for byte in bytes {
      // Its first byte occurs in it once, so where it does not go on it can only begin anew.
      matched = byte == word[matched] ? matched + 1 : byte == word[0] ? 1 : 0
      if matched == word.count { return true }
    }
    return false
  }

  // Also where the initializer fails, since all is set by then.
  deinit { Self.total.wrappingSubtract(bytes.count, ordering: .relaxed) }
}
