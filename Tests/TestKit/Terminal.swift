import Foundation

/// A program at a terminal of its own (pty(7)), with somebody who types and reads the screen.
package final class Terminal {
  private let process = Process()
  private let keyboard: FileHandle
  private var screen = ""

  /// Starts a program of this project.
  package init(_ name: String, _ arguments: [String]) throws {
    // What unlockpt(3) and ptsname(3) do: TIOCSPTLCK unlocks the other side, TIOCGPTN numbers it.
    let number = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var isLocked: Int32 = 0
    var index: Int32 = 0
    guard number >= 0, ioctl(number, 0x4004_5431, &isLocked) == 0,
      ioctl(number, 0x8004_5430, &index) == 0
    else { throw Failure("no pseudoterminal: errno \(errno)") }
    keyboard = FileHandle(fileDescriptor: number, closeOnDealloc: true)
    let other = open("/dev/pts/\(index)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(other, UInt(TIOCSWINSZ), &size)
    let program = FileHandle(fileDescriptor: other, closeOnDealloc: true)
    process.executableURL = try Environment.program(name)
    process.arguments = arguments
    process.standardInput = program
    process.standardOutput = program
    process.standardError = program
    try process.run()
    try program.close()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Types, Return included where there is an LF.
  package func type(_ text: String) throws { try keyboard.write(contentsOf: Data(text.utf8)) }

  /// Waits until the screen shows something new, and takes all up to there.
  ///
  /// - Returns: what came before it.
  @discardableResult
  package func see(_ text: String, within seconds: Double = 20) throws -> String {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
      if let range = screen.range(of: text) {
        defer { screen = String(screen[range.upperBound...]) }
        return String(screen[..<range.lowerBound])
      }
      var entry = pollfd(fd: keyboard.fileDescriptor, events: Int16(POLLIN), revents: 0)
      let left = Int32(max(0, deadline.timeIntervalSinceNow) * 1_000)
      var buffer = [UInt8](repeating: 0, count: 65_536)
      guard poll(&entry, 1, left) > 0, case let count = read(entry.fd, &buffer, buffer.count),
        count > 0
      else { throw Failure("'\(text)' does not appear; the screen: \(screen.debugDescription)") }
      screen += String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  /// Waits for the program's end.
  package func exitCode() throws -> Int32 {
    try eventually("the program ends") { !process.isRunning }
    return process.terminationStatus
  }
}
