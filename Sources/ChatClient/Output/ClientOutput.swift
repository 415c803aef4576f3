package import ChatSystem

/// Where the client displays things: standard output and standard error, the terminal that both are, or a test.
///
/// Thread: any; each call is one write.
package protocol ClientOutput: Sendable {
  /// Displays whole lines, each with its LF, on standard output.
  ///
  /// - Throws: `ClientExit.lost` if they can't be written, after an error that says so.
  func display(_ lines: String) throws(ClientExit)

  /// Displays what a person asked for, where standard output is a program's.
  func advise(_ text: String)

  /// Displays an error, with the program's name in front.
  func complain(_ reason: String)

  /// Draws a saved file, if it is an image and images are wanted here.
  func drawPicture(_ path: FilePath)

  /// Adds a nickname to those that can be completed.
  func noteName(_ name: String)

  /// Whether there is a row for the status of transfers.
  var hasStatusRow: Bool { get }

  /// Sets that row; `nil` clears it.
  func setStatus(_ text: String?)
}
