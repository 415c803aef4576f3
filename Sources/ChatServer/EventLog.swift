internal import ChatSystem

/// How much the log tells, from the gravest on.
package enum LogLevel: Int, Comparable, CaseIterable, Sendable {
  case error, warning, info, debug

  /// As the command line has it.
  package init?(name: String) {
    guard let level = Self.allCases.first(where: { "\($0)" == name }) else { return nil }
    self = level
  }

  /// Graver or lighter.
  package static func < (one: LogLevel, other: LogLevel) -> Bool { one.rawValue < other.rawValue }
}

/// The server's log: one line an event, on standard error.
///
/// Nobody ever waits for it: lines that standard error does not take at once, because whoever reads it
/// has stopped, are dropped, and the next one that is taken says how many.
///
/// Thread: any; each line is one write.
package final class EventLog: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`, which is held across the write so that a line that
  // was found to fit still does; that write does not block.

  private let level: LogLevel
  private let lock = Lock()
  private var droppedLines = 0

  /// Makes a log that tells this much.
  package init(level: LogLevel) { self.level = level }

  /// Something the server could not do.
  package func error(_ text: @autoclosure () -> String) { write(.error, text) }

  /// Something its operator should know.
  package func warning(_ text: @autoclosure () -> String) { write(.warning, text) }

  /// Something that happened as it should.
  package func info(_ text: @autoclosure () -> String) { write(.info, text) }

  /// Something that helps to find out why.
  package func debug(_ text: @autoclosure () -> String) { write(.debug, text) }

  private func write(_ level: LogLevel, _ text: () -> String) {
    guard level <= self.level else { return }
    let time = WallClock.timestamp()
    let line = "\(time) \(level): \(text())\n"
    lock.withLock {
      var lines = line
      if droppedLines > 0 {
        lines = "\(time) warning: \(droppedLines) lines of this log were dropped\n" + line
      }
      let isTaken = StandardStream.error.writeIfReady(lines)
      droppedLines = isTaken ? 0 : droppedLines + 1
    }
  }
}
