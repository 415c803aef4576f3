internal import ChatCore

/// A prompt and a line in one row of the screen: the part of the line around the cursor. Pure.
package struct InputRow: Equatable, Sendable {
  /// What is shown before the cursor, prompt included.
  package let before: String
  /// What is shown after it.
  package let after: String
  /// Where the cursor is: how many columns are before it.
  package let column: Int

  /// Lays out a line.
  ///
  /// - Parameters:
  ///   - prompt: shown before the line; cut if it takes more than half of the row.
  ///   - width: of the screen, in columns. The last one stays free: after writing there, a terminal's cursor is between two
  ///     rows.
  package init(prompt: String, line: EditedLine, width: Int) {
    let width = max(1, width - 1)
    let half = max(0, width / 2)
    let prompt = DisplayWidth.of(prompt) > half ? prompt.cut(toColumns: half) : prompt
    let promptWidth = DisplayWidth.of(prompt)
    let space = width - promptWidth
    let before = line.before.map(Cell.init)
    let after = line.after.map(Cell.init)
    let beforeWidth = before.reduce(0) { $0 + $1.width }

    // A line that does not fit scrolls by half of the space, so that it rarely scrolls while one types.
    var hidden = 0
    if beforeWidth + after.reduce(0, { $0 + $1.width }) > space {
      let step = max(1, space / 2)
      while beforeWidth - hidden >= space, hidden < beforeWidth { hidden += step }
    }
    var shownBefore = ""
    var (passed, column) = (0, 0)
    for cell in before {
      if passed >= hidden {
        shownBefore.append(cell.text)
        column += cell.width
      }
      passed += cell.width
    }
    var shownAfter = ""
    var left = space - column
    for cell in after {
      left -= cell.width
      guard left >= 0 else { break }
      shownAfter.append(cell.text)
    }
    self.before = prompt + shownBefore
    self.after = shownAfter
    // As it is displayed: a mark joins what it stands behind, the prompt's end as well.
    self.column = DisplayWidth.of(self.before)
  }

  /// Lays out a status without an input row, with the cursor after it.
  package init(status: String, width: Int) {
    before = status.cut(toColumns: max(1, width - 1))
    after = ""
    column = DisplayWidth.of(before)
  }

  /// One character as it is shown.
  private struct Cell {
    let text: Character
    let width: Int

    init(_ character: Character) {
      let shown =
        character.unicodeScalars.contains { UndecodedByte.byte(of: $0) != nil }
        ? "\u{FFFD}" : character
      text = shown.isShowable ? shown : " "
      width = DisplayWidth.of(text)
    }
  }
}
