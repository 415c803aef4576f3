internal import ChatCore

/// What holds for every line that either program sends or shows.
enum Demands {
  /// Exactly one LF, at the end; and nothing in it that `TextCleaner` would take out.
  static func line(_ bytes: [UInt8], _ what: @autoclosure () -> String) {
    demand(bytes.last == UInt8(ascii: "\n"), "\(what()) ends without LF")
    clean(Array(bytes.dropLast()), what())
  }

  /// Nothing in it that could move a cursor, or begin another line.
  static func clean(_ bytes: [UInt8], _ what: @autoclosure () -> String) {
    var cleaned: [UInt8] = []
    TextCleaner.append(bytes.span, to: &cleaned)
    demand(cleaned == bytes, "\(what()) is not clean: \(bytes)")
  }

  /// A line that the server makes of clean parts reads as what it was made of, and fits.
  static func roundTrip(_ line: ServerLine) {
    let bytes = line.encoded()
    Self.line(bytes, "\(line)")
    demand(bytes.count <= Limits.serverLineBytes, "\(line) is too long")
    let decoded = ServerLine(Array(bytes.dropLast()).span)
    demand(decoded == line, "\(line) reads as \(decoded)")
  }
}
