internal import Synchronization

/// A small file in its classic form, `[FILE]:name` LF, the bytes, `<END>` LF: in memory once, for all who are sent
/// it, as long as one of them needs it.
package final class PushedFile: Sendable {
  /// How many bytes all of them may have together: whoever does not read keeps them.
  private static let capacity = 64 * 1_048_576
  private static let total = Atomic<Int>(0)

  /// What is sent.
  package let bytes: [UInt8]

  /// Makes one; `nil` if too many are in memory.
  package init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    let before = Self.total.wrappingAdd(bytes.count, ordering: .relaxed).oldValue
    if before + bytes.count > Self.capacity { return nil }
  }

  // Also where the initializer fails, since all is set by then.
  deinit { Self.total.wrappingSubtract(bytes.count, ordering: .relaxed) }
}
