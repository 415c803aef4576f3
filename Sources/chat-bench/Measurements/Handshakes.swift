import ChatSystem

/// Clients that come one after the other, are connected, and go without a word.
struct Handshakes {
  var count = 500

  /// The results of one run.
  struct Sample {
    /// The server's processor time for each.
    let processorMilliseconds: Double
    /// In milliseconds, for the client.
    let median: Double
    let p99: Double
  }

  func run(_ subject: any Subject) throws -> Sample {
    let server = try RunningServer(subject)
    // The first one is not measured.
    _ = try subject.connect(to: server.port)
    SystemThread.sleep(for: .milliseconds(300))
    let before = server.processorSeconds
    var histogram = LatencyHistogram()
    for _ in 0..<count {
      let start = MonotonicTime.now
      let connection = try subject.connect(to: server.port)
      histogram.add(MonotonicTime.now.nanoseconds - start.nanoseconds)
      withExtendedLifetime(connection) {}
    }
    // The server is done with the last of them.
    SystemThread.sleep(for: .milliseconds(300))
    return Sample(
      processorMilliseconds: (server.processorSeconds - before) / Double(count) * 1_000,
      median: histogram.milliseconds(0.5), p99: histogram.milliseconds(0.99))
  }
}
