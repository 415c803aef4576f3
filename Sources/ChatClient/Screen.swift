internal import ChatSystem

/// The client's standard output and standard error.
///
/// Thread: any; each call is one write.
enum Screen {
  /// Writes whole lines to standard output.
  ///
  /// - Throws: `ClientExit.lost` if they can't be written, and says so: what is lost is no success.
  static func show(_ lines: String) throws(ClientExit) {
    do { try StandardStream.output.write(Array(lines.utf8)) } catch {
      complain("standard output: \(error.reason)")
      throw .lost
    }
  }

  /// Writes what a person asked for to standard error, where standard output is a program's.
  static func advise(_ text: String) { StandardStream.error.writeIfPossible("\(text)\n") }

  /// Writes a line to standard error.
  static func complain(_ reason: String) {
    StandardStream.error.writeIfPossible("chat-client: \(reason)\n")
  }
}
