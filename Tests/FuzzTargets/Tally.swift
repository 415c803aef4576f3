/// How often the inputs of this process have reached what is deep inside: tells whether a corpus is any good.
package enum Tally {
  /// What is counted.
  package enum Event: String, CaseIterable, Sendable {
    /// A client has connected to a server, or come back.
    case connection = "connections"
    /// A client has fetched a file, whole and checked.
    case fetched = "files fetched"
    /// A client has sent a file to its end.
    case sent = "files sent"
    /// A server has told of a file that it has got.
    case kept = "files kept"
    /// A server has told of the past, or of the sums of a file, to the end.
    case answered = "answers"
  }

  // Sound: the targets are run by one thread.
  nonisolated(unsafe) private static var counts: [Event: Int] = [:]

  static func note(_ event: Event, _ count: Int = 1) { counts[event, default: 0] += count }

  /// `3 connections, 1 files fetched`, and so on.
  package static var text: String {
    Event.allCases.compactMap { event in counts[event].map { "\($0) \(event.rawValue)" } }
      .joined(separator: ", ")
  }
}
