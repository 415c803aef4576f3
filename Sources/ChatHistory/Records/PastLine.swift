internal import ChatCore

/// A line that was said, as the history has it.
package struct PastLine: Sendable, Equatable {
  /// Its number in its room, from 1.
  package let sequence: UInt64
  /// When it was said: milliseconds since 1970, UTC.
  package let timeMilliseconds: Int64
  /// The line without its LF.
  package let bytes: [UInt8]
  /// The id of the file that it announces, if it does.
  package internal(set) var file: String?

  /// Describes a line.
  package init(
    sequence: UInt64, timeMilliseconds: Int64, bytes: [UInt8], file: String? = nil
  ) {
    self.sequence = sequence
    self.timeMilliseconds = timeMilliseconds
    self.bytes = bytes
    self.file = file
  }

  /// When it was said, as RFC 3339 has it: `2026-01-31T12:00:00.000Z`.
  package var timestamp: String { Timestamp.text(timeMilliseconds) }
}
