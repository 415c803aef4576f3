/// Where the transfers show what is no line: the seam to a terminal's status line, and to pictures.
///
/// Thread: the receive thread calls both.
struct TransferDisplay: Sendable {
  /// Shows how far the transfers are, at most ten times a second; `nil` when there is nothing to show. Where there
  /// is no status line, there is no function.
  var showStatus: (@Sendable (String?) -> Void)?
  /// A file has been saved there.
  var onSaved: (@Sendable (String) -> Void)?
}
