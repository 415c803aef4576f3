/// What a terminal shows after the bytes of a program: as many rows as there are lines, none of them
/// wrapped. It knows what chat-client may use of a terminal, and nothing more.
package struct TerminalDisplay: Sendable {
  /// A place on it.
  private struct Place: Comparable {
    var row = 0
    var column = 0

    static func < (one: Place, other: Place) -> Bool {
      (one.row, one.column) < (other.row, other.column)
    }
  }

  private var cells: [[Unicode.Scalar]] = [[]]
  private var cursor = Place()
  /// Up to where somebody has looked.
  private var mark = Place()
  /// The bytes of a character or a sequence that has not ended.
  private var pending: [UInt8] = []

  /// Whether pasted text is put in brackets (xterm's mode 2004).
  package private(set) var bracketsPastes = false
  /// How often the bell rang.
  package private(set) var bells = 0
  /// How often the rows from the cursor on were erased.
  package private(set) var erasures = 0
  /// Sequences that chat-client should not use.
  package private(set) var strangers: [String] = []

  package init() {}

  /// All rows, from the first ever written.
  package var rows: [String] { cells.map(Self.text) }
  /// The row where the cursor is, and how many characters precede it there.
  package var cursorRow: Int { cursor.row }
  package var cursorColumn: Int { cursor.column }

  /// Takes what a program writes.
  package mutating func write(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { write(byte) }
  }

  /// What nobody has looked at yet.
  package var unseen: String {
    let first = Self.text(cells[mark.row].dropFirst(mark.column))
    return ([first] + rows[(mark.row + 1)...]).joined(separator: "\r\n")
  }

  /// Looks at what comes up to a text; `nil` if it is not there.
  package mutating func look(for text: String) -> String? {
    let unseen = Array(unseen.unicodeScalars)
    let text = Array(text.unicodeScalars)
    guard let range = unseen.firstRange(of: text) else { return nil }
    let lines = unseen[..<range.upperBound].split(separator: "\n", omittingEmptySubsequences: false)
    let isSameRow = lines.count == 1
    mark.row += lines.count - 1
    mark.column = (isSameRow ? mark.column : 0) + (lines.last?.count ?? 0)
    return Self.text(unseen[..<range.lowerBound])
  }

  private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }

  private mutating func write(_ byte: UInt8) {
    pending.append(byte)
    guard pending[0] != 0x1B else { return followSequence() }
    let length = [0xC0: 2, 0xD0: 2, 0xE0: 3, 0xF0: 4][pending[0] & 0xF0] ?? 1
    guard pending.count == length else { return }
    let scalars = String(decoding: pending, as: UTF8.self).unicodeScalars
    pending = []
    for scalar in scalars { write(scalar) }
  }

  private mutating func write(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\r": cursor.column = 0
    case "\n":
      cursor.row += 1
      if cursor.row == cells.count { cells.append([]) }
    case "\u{7}": bells += 1
    default:
      while cells[cursor.row].count < cursor.column { cells[cursor.row].append(" ") }
      if cells[cursor.row].count > cursor.column {
        cells[cursor.row][cursor.column] = scalar
      } else {
        cells[cursor.row].append(scalar)
      }
      cursor.column += 1
    }
  }

  private mutating func followSequence() {
    guard pending.count > 2, let last = pending.last, 0x40...0x7E ~= last else { return }
    let sequence = String(decoding: pending.dropFirst(), as: UTF8.self)
    let number = Int(sequence.dropFirst().dropLast()) ?? 1
    pending = []
    switch (sequence, Unicode.Scalar(last)) {
    case ("[?2004h", _): bracketsPastes = true
    case ("[?2004l", _): bracketsPastes = false
    case ("[K", _): eraseRow()
    case ("[J", _):
      erasures += 1
      eraseRow()
      cells.removeSubrange((cursor.row + 1)...)
    case (_, "A"): cursor.row = max(0, cursor.row - number)
    default: strangers.append(sequence)
    }
  }

  /// Erases from the cursor on; what is written there then is new.
  private mutating func eraseRow() {
    let count = cells[cursor.row].count - cursor.column
    if count > 0 { cells[cursor.row].removeLast(count) }
    mark = min(mark, cursor)
  }
}
