internal import ChatCore

/// What stands in the bottom rows of the screen: a status above the input row. Pure.
///
/// Whatever is to be shown goes where they are: they are erased, it is written, they are drawn again
/// below it, in one write. No more of a terminal is used for it than ECMA-48's ED and CUU.
package struct BottomRows: Sendable {
  /// What was drawn; `nil` if nothing is there.
  private var drawn: (statusWidth: Int?, column: Int)?

  /// Nothing is there yet.
  package init() {}

  /// The bytes that erase the rows, after which the cursor is at the start of the first of them.
  ///
  /// - Parameter width: of the screen now. Where it has become narrower the terminal has wrapped what
  ///   stood in the rows, and the cursor is further down.
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
    // Written again up to the cursor, which is then where the terminal itself thinks that it is,
    // whatever it knows of the width of characters.
    let back = input.after.isEmpty ? "" : "\r" + input.before
    return (status.map { $0 + "\n" } ?? "") + row + back
  }
}
