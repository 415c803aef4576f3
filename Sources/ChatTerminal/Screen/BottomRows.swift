internal import ChatCore

/// The bottom rows of the screen: a status above the input row. Pure.
///
/// New lines are written in their place: the rows are erased, the lines written and the rows drawn again below them, in
/// one write. Of a terminal's features that needs only ECMA-48's ED and CUU.
package struct BottomRows: Sendable {
  /// What was drawn; `nil` if there are no rows.
  private var drawn: (statusWidth: Int?, column: Int)?

  /// Makes rows that were not drawn yet.
  package init() {}

  /// The bytes that erase the rows, after which the cursor is at the start of the first of them.
  ///
  /// - Parameter width: of the screen now. If it has become narrower, the terminal has wrapped the rows, and the cursor is
  ///   further down.
  package mutating func erase(width: Int) -> String {
    guard let (statusWidth, column) = drawn else { return "" }
    drawn = nil
    let width = max(1, width)
    let statusRows = statusWidth.map { max(1, ($0 + width - 1) / width) } ?? 0
    let up = statusRows + column / width
    return up > 0 ? "\r\u{1B}[\(up)A\u{1B}[J" : "\r\u{1B}[J"
  }

  /// The bytes that draw the rows where the cursor is, at the start of a row.
  package mutating func draw(status: String?, input: InputRow, width: Int) -> String {
    let status = status?.cut(toColumns: max(1, width - 1))
    drawn = (status.map { DisplayWidth.of($0) }, input.column)
    let row = input.before + input.after
    // The text before the cursor is written again, so that the cursor is right whatever width the terminal gives to
    // characters.
    let back = input.after.isEmpty ? "" : "\r" + input.before
    return (status.map { $0 + "\n" } ?? "") + row + back
  }
}
