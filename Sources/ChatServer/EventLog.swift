internal import ChatSystem

/// How much the log says, from the gravest on.
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
/// It never blocks: lines that standard error does not take at once, because its reader has stopped, are dropped, and
/// the next one that is taken says how many.
///
/// Thread: any; each line is one write.
package final class EventLog: Sendable {
  private let level: LogLevel
  /// Locked across the write, which does not block, so that a line that was found to fit still does.
  private let droppedLines = Guarded(0)

  /// Makes a log that says this much.
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
    droppedLines.withLock { dropped in
      var lines = line
      if dropped > 0 {
        lines = "\(time) warning: \(dropped) lines of this log were dropped\n" + line
      }
      let isTaken = StandardStream.error.writeIfReady(lines)
      dropped = isTaken ? 0 : dropped + 1
    }
  }
}
