internal import Glibc

/// The standard streams, unbuffered: what is written is there at once, in a pipe as well.
package enum StandardStream: CInt, Sendable {
  /// Standard input.
  case input = 0
  /// Standard output.
  case output = 1
  /// Standard error.
  case error = 2

  /// Whether it is a terminal.
  package var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Writes all of the bytes, waiting as long as it takes.
  ///
  /// - Throws: `SystemError`, EPIPE if nobody reads any more and SIGPIPE is ignored.
  package func write(_ bytes: [UInt8]) throws(SystemError) {
    var written = 0
    while written < bytes.count {
      written += try bytes.span.withUnsafeBytes { all throws(SystemError) in
        try system("write") {
          Glibc.write(rawValue, all.baseAddress?.advanced(by: written), all.count - written)
        }
      }
    }
  }

  /// Writes a text's bytes, and nothing if nobody can read them: for last words and logs.
  package func writeIfPossible(_ text: String) {
    try? write(Array(text.utf8))
  }

  /// Reads what is there, waiting until something is; 0 at the end.
  package func read(into buffer: inout [UInt8]) throws(SystemError) -> Int {
    var space = buffer.mutableSpan
    return try space.withUnsafeMutableBytes { bytes throws(SystemError) in
      try system("read") { Glibc.read(rawValue, bytes.baseAddress, bytes.count) }
    }
  }

  /// How many columns the terminal has; `nil` if it is none.
  package var columns: Int? {
    var size = winsize()
    guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
