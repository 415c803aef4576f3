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
/// A session's thread waits while nobody takes the lines; the broadcaster never writes any.
///
/// Thread: any; each line is one write.
package struct EventLog: Sendable {
  private let level: LogLevel

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
    StandardStream.error.writeIfPossible("\(WallClock.timestamp()) \(level): \(text())\n")
  }
}
