internal import Glibc

/// How a terminal takes keys (termios(3)), and how it was found.
package struct TerminalMode: @unchecked Sendable {
  // Safety: numbers alone, which never change.
  private let found: termios
  private let stream: StandardStream

  /// What becomes of a key.
  package enum Keys: Sendable {
    /// As it was found: lines are edited by the system.
    case asFound
    /// Each goes to the program at once, unseen; but Ctrl-C, Ctrl-Z and Ctrl-\ are signals.
    case rawWithSignals
    /// Each goes to the program at once, unseen.
    case raw
  }

  /// Reads a terminal's mode.
  ///
  /// - Throws: `SystemError` if it is not a terminal.
  package init(of stream: StandardStream) throws(SystemError) {
    var found = termios()
    try system("tcgetattr") { tcgetattr(stream.rawValue, &found) }
    self.found = found
    self.stream = stream
  }

  /// Sets the mode. What is written is left as it is (OPOST).
  ///
  /// In the background the process is stopped by SIGTTOU, until it is in the foreground.
  package func set(_ keys: Keys) {
    var mode = found
    if keys != .asFound {
      mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
      // CR and LF are two keys, Ctrl-S and Ctrl-Q keys like others.
      mode.c_iflag &= ~tcflag_t(ICRNL | INLCR | IGNCR | IXON)
      (mode.c_cc.6, mode.c_cc.5) = (1, 0)  // VMIN, VTIME: read(2) waits for one byte
    }
    if keys == .raw { mode.c_lflag &= ~tcflag_t(ISIG) }
    // It fails on a terminal that is gone, where nothing is to be set.
    while tcsetattr(stream.rawValue, TCSANOW, &mode) == -1, errno == EINTR {}
  }

  /// Discards input that was not read yet (tcflush(3)).
  package func discardInput() { tcflush(stream.rawValue, TCIFLUSH) }

  /// How many columns the screen has; 80 where it does not say.
  package var columns: Int { Self.known(size.ws_col) ?? 80 }

  /// How many rows the screen has; 24 where it does not say.
  package var rows: Int { Self.known(size.ws_row) ?? 24 }

  /// tty_ioctl(4), TIOCGWINSZ.
  private var size: winsize {
    var size = winsize()
    return ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0 ? size : winsize()
  }

  private static func known(_ count: UInt16) -> Int? { count > 0 ? Int(count) : nil }
}
