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
  /// - Throws: `SystemError`, EPIPE if the reading end is closed and SIGPIPE is ignored.
  package func write(_ bytes: [UInt8]) throws(SystemError) {
    var written = 0
    while written < bytes.count {
      written += try whenReady(POLLOUT) { () throws(SystemError) in
        try bytes.span.withUnsafeBytes { all throws(SystemError) in
          try system("write") {
            Glibc.write(rawValue, all.baseAddress?.advanced(by: written), all.count - written)
          }
        }
      }
    }
  }

  /// Writes a short text if that does not have to wait: a pipe that is writable takes 4,096 bytes at
  /// least (pipe(7), PIPE_BUF).
  ///
  /// Thread: one at a time, or another may take the space.
  /// - Returns: whether it was written.
  package func writeIfReady(_ text: String) -> Bool {
    var entry = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, 0) > 0, entry.revents & Int16(POLLOUT) != 0 else { return false }
    let bytes = Array(text.utf8.prefix(4_096))
    return Glibc.write(rawValue, bytes, bytes.count) == bytes.count
  }

  /// Writes a text's bytes, ignoring errors: for last words and logs.
  package func writeIfPossible(_ text: String) {
    try? write(Array(text.utf8))
  }

  /// Reads what is there, waiting until something is; 0 at the end.
  package func read(into buffer: inout [UInt8]) throws(SystemError) -> Int {
    try whenReady(POLLIN) { () throws(SystemError) in
      var space = buffer.mutableSpan
      return try space.withUnsafeMutableBytes { bytes throws(SystemError) in
        try system("read") { Glibc.read(rawValue, bytes.baseAddress, bytes.count) }
      }
    }
  }

  /// Waits until there is something to read, or the end of it.
  ///
  /// - Returns: false if the time was over.
  package func waitUntilReadable(for duration: Duration) throws(SystemError) -> Bool {
    var entry = pollfd(fd: rawValue, events: Int16(POLLIN), revents: 0)
    return try system("poll") { poll(&entry, 1, duration.pollMilliseconds) } > 0
  }

  /// Makes a call, again when the stream is ready if it was not: another process that shares the
  /// stream may have made it non-blocking.
  private func whenReady(
    _ event: CInt, _ call: () throws(SystemError) -> Int
  ) throws(SystemError) -> Int {
    while true {
      do throws(SystemError) {
        return try call()
      } catch {
        guard error.code == EAGAIN else { throw error }
        var entry = pollfd(fd: rawValue, events: Int16(event), revents: 0)
        try system("poll") { poll(&entry, 1, -1) }
      }
    }
  }
}
