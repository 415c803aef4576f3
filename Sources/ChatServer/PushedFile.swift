package import ChatFiles
internal import ChatSystem

/// A small file that classic clients are sent as it is: `[FILE]:name` LF, the bytes, `<END>` LF. Nothing of it is in
/// memory.
package final class PushedFile: Sendable {
  /// What ends the bytes.
  static let terminator = Array("<END>\n".utf8)
  /// How much is looked at at once.
  private static let pieceBytes = 65_536

  /// What precedes them.
  let header: [UInt8]
  /// What they are.
  let content: OpenContent

  /// Makes one; `nil` if the file holds what ends it, or can't be read.
  package init?(name: String, content: OpenContent) {
    header = Array("[FILE]:\(name)\n".utf8)
    self.content = content
    guard Self.isWithoutTerminator(content) else { return nil }
  }

  private static func isWithoutTerminator(_ content: OpenContent) -> Bool {
    var matched = 0
    var offset: UInt64 = 0
    while offset < content.sizeBytes {
      guard let piece = try? content.bytes(from: offset, count: pieceBytes), !piece.isEmpty else {
        return false
      }
      for byte in piece {
        // Its first byte occurs in it once, so where it does not go on it can only begin anew.
        matched = byte == terminator[matched] ? matched + 1 : byte == terminator[0] ? 1 : 0
        if matched == terminator.count { return false }
      }
      offset += UInt64(piece.count)
    }
    return true
  }
}
