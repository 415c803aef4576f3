/// Where the client's lines of input come from: standard input, the person at the terminal, or a test.
///
/// Thread: one at a time; `close` any.
package protocol ClientInput: AnyObject, Sendable {
  /// Waits for a line, without its LF; `nil` at the end.
  ///
  /// - Parameter question: asked where a person types at a terminal.
  func answer(to question: String) -> [UInt8]?

  /// Waits for the lines that have come, at least one, without their LFs; `nil` at the end.
  func nextLines() -> [[UInt8]]?

  /// Whether a line was too long to be sent.
  var hasLost: Bool { get }

  /// Ends the typing: the terminal is given back, and Ctrl-C ends the program. Safe to do twice.
  func close()
}
