internal import Glibc

/// Writes to a terminal, which may take its time, and can be told to stop in between.
///
/// Thread: any; one at a time, or the bytes mix.
package struct TerminalOutput: Sendable {
  /// How often a write that waits for the terminal checks whether to go on.
  private static let pollMilliseconds: CInt = 50
  private static let pieceBytes = 4_096

  /// Never closed: it is there as long as the process.
  private let number: CInt

  /// Makes one of a standard stream that is a terminal.
  ///
  /// It opens the terminal anew, since O_NONBLOCK belongs to what is open, and others share the
  /// stream. Where that can't be done (neither /proc nor /dev/pts), writing waits in the system.
  package init(of stream: StandardStream) {
    let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    let own = open("/proc/self/fd/\(stream.rawValue)", flags)
    number = own >= 0 ? own : Self.openByName(stream.rawValue, flags) ?? stream.rawValue
  }

  /// Opens a terminal by its name (ttyname_r(3), which without /proc looks through /dev).
  private static func openByName(_ number: CInt, _ flags: CInt) -> CInt? {
    var name = [CChar](repeating: 0, count: 256)
    guard ttyname_r(number, &name, name.count) == 0 else { return nil }
    let own = open(name, flags)
    guard own >= 0 else { return nil }
    // In a mount namespace another terminal may have the name.
    var (found, wanted) = (stat(), stat())
    if fstat(own, &found) == 0, fstat(number, &wanted) == 0, found.st_rdev == wanted.st_rdev,
      found.st_dev == wanted.st_dev, found.st_ino == wanted.st_ino
    {
      return own
    }
    close(own)
    return nil
  }

  /// Writes bytes piece by piece.
  ///
  /// - Parameter goesOn: asked before each piece, and while the terminal takes none.
  /// - Returns: whether all of it was written.
  /// - Throws: `SystemError`, EIO if the terminal is gone.
  package func write(_ bytes: [UInt8], while goesOn: () -> Bool) throws(SystemError) -> Bool {
    var written = 0
    while written < bytes.count {
      guard goesOn() else { return false }
      do throws(SystemError) {
        written += try bytes.span.withUnsafeBytes { all throws(SystemError) in
          // Safety: no more is written than there is from `written` on.
          try system("write") {
            Glibc.write(
              number, all.baseAddress?.advanced(by: written),
              min(all.count - written, Self.pieceBytes))
          }
        }
      } catch {
        guard error.code == SystemError.wouldBlock else { throw error }
        var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, Self.pollMilliseconds)
      }
    }
    return true
  }

  /// Writes a few bytes if the terminal takes them now.
  package func writeIfReady(_ bytes: [UInt8]) {
    // There is nobody to report an error to.
    if isReady { _ = Glibc.write(number, bytes, bytes.count) }
  }

  /// Whether the terminal takes something now.
  package var isReady: Bool {
    var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLOUT) != 0
  }
}
