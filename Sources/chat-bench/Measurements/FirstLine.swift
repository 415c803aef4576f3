import ChatSystem

/// How long a client of chat-server waits for the first line.
enum FirstLine: String, CaseIterable {
  /// As nc, and as chat-client without TLS.
  case silent = "waits for NICK"
  case named = "says its name at once"
  case encrypted = "TLS, until NICK"

  private static let count = 40

  /// The results of one run, in milliseconds.
  struct Sample {
    let median: Double
    let slowest: Double
  }

  /// Runs once.
  func run(_ server: (plain: any Subject, encrypted: any Subject)) throws -> Sample {
    let subject = self == .encrypted ? server.encrypted : server.plain
    let running = try RunningServer(subject)
    _ = try subject.connect(to: running.port)
    var histogram = LatencyHistogram()
    for number in 0..<Self.count {
      let start = MonotonicTime.now
      let connection = try subject.connect(to: running.port)
      if self == .named {
        try subject.begin(connection, name: "n\(number)", room: nil)
        try subject.enter(connection)
      } else {
        try connection.wait { $0 == "NICK" }
      }
      histogram.add(MonotonicTime.now.nanoseconds - start.nanoseconds)
    }
    return Sample(median: histogram.milliseconds(0.5), slowest: histogram.milliseconds(1))
  }
}
