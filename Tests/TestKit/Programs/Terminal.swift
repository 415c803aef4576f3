import Foundation

/// A program at a terminal of its own (pty(7)), with somebody who types and reads the screen.
package final class Terminal {
  private let process = Process()
  private var activity = ProcessActivity()
  private let keyboard: FileHandle
  /// What the screen shows, as far as it was read.
  package private(set) var display = TerminalDisplay()
  /// All that the program has written.
  package private(set) var written: [UInt8] = []

  /// Starts a program of this project.
  ///
  /// - Parameters:
  ///   - kind: the terminal's, as TERM has it.
  ///   - isColorless: the person has set NO_COLOR.
  ///   - variables: others of the environment.
  package init(
    _ name: String, _ arguments: [String], kind: String = "xterm", isColorless: Bool = false,
    variables: [String: String] = [:]
  ) throws {
    // What unlockpt(3) and ptsname(3) do: TIOCSPTLCK unlocks the other side, TIOCGPTN numbers it.
    let number = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var isLocked: Int32 = 0
    var index: Int32 = 0
    guard number >= 0, ioctl(number, 0x4004_5431, &isLocked) == 0,
      ioctl(number, 0x8004_5430, &index) == 0
    else { throw Failure("no pseudoterminal: errno \(errno)") }
    keyboard = FileHandle(fileDescriptor: number, closeOnDealloc: true)
    let other = open("/dev/pts/\(index)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    let program = FileHandle(fileDescriptor: other, closeOnDealloc: true)
    process.executableURL = try Environment.program(name)
    process.arguments = arguments
    // Whoever runs the tests may want no colours of them.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["TERM": kind, "NO_COLOR": isColorless ? "1" : ""]) { $1 }
      .merging(variables) { $1 }
    process.standardInput = program
    process.standardOutput = program
    process.standardError = program
    resize(columns: 80)
    try ChildStart.alone { try process.run() }
    try program.close()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Types, Return included where there is an LF.
  package func type(_ text: String) throws { try keyboard.write(contentsOf: Data(text.utf8)) }

  /// Sends the program a signal.
  package func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Gives the screen another size. The program hears of it by a signal (SIGWINCH) that somebody
  /// sends: this is not the terminal that controls it.
  package func resize(columns: UInt16, rows: UInt16 = 24) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(keyboard.fileDescriptor, UInt(TIOCSWINSZ), &size)
  }

  /// How the terminal takes keys (termios(3)), as one value to compare.
  package var mode: [UInt32] {
    var mode = termios()
    _ = tcgetattr(keyboard.fileDescriptor, &mode)
    return [mode.c_iflag, mode.c_oflag, mode.c_cflag, mode.c_lflag]
  }

  /// Waits until the screen shows something new, and takes all up to there.
  ///
  /// - Returns: what came before it.
  @discardableResult
  package func see(_ text: String, within seconds: Double = 20) throws -> String {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
      if let before = display.look(for: text) { return before }
      guard read(until: deadline) else {
        throw Failure("'\(text)' does not appear; the screen: \(display.unseen.debugDescription)")
      }
    }
  }

  /// Waits until the program has written these bytes, one after another.
  package func see(bytes: [UInt8], within seconds: Double = 20) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while written.firstRange(of: bytes) == nil {
      guard read(until: deadline) else {
        throw Failure("not written: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
      }
    }
  }

  /// Types bytes.
  package func type(bytes: [UInt8]) throws { try keyboard.write(contentsOf: Data(bytes)) }

  /// Waits until the screen looks so.
  package func see(
    _ what: String, within seconds: Double = 20, isSo: (TerminalDisplay) -> Bool
  ) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while !isSo(display) {
      guard read(until: deadline) else { throw Failure("not \(what): \(display.rows)") }
    }
  }

  /// Reads a little of what the program has written, as a slow terminal does.
  package func glance() { _ = read(until: Date()) }

  /// Whether the program has written as much as the terminal holds: it has to wait until somebody reads.
  package var isFull: Bool {
    var count: Int32 = 0
    return ioctl(keyboard.fileDescriptor, UInt(FIONREAD), &count) == 0 && count >= 4_095
  }

  /// Whether the program waits: all its threads sleep, and none has run since this was asked last.
  package var isAsleep: Bool {
    let before = activity
    activity = ProcessActivity(of: process.processIdentifier)
    return activity.isAsleep && activity == before
  }

  /// How many bytes the program and its children have read.
  package var readBytes: Int { ProcessActivity.readBytes(of: process.processIdentifier) }

  /// Whether the program runs.
  package var isRunning: Bool { process.isRunning }

  /// Waits for the program's end, and reads what it wrote last.
  ///
  /// - Returns: its exit code, or minus the signal.
  package func exitCode() throws -> Int32 {
    try eventually("the program ends") { !process.isRunning }
    while read(until: Date()) {}
    return process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
  }

  /// Reads what the program writes; false if it writes nothing in time, or never will.
  private func read(until deadline: Date) -> Bool {
    var entry = pollfd(fd: keyboard.fileDescriptor, events: Int16(POLLIN), revents: 0)
    let left = Int32(max(0, deadline.timeIntervalSinceNow) * 1_000)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    guard poll(&entry, 1, left) > 0, case let count = Glibc.read(entry.fd, &buffer, buffer.count),
      count > 0
    else { return false }
    display.write(buffer[..<count])
    written.append(contentsOf: buffer[..<count])
    return true
  }
}
