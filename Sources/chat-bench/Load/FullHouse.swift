import ChatSystem
import Foundation

/// A room that fills: how fast clients join, and what an idle one costs.
struct FullHouse {
  let people: Int

  /// The results of one run.
  struct Sample {
    /// Until everyone was told of everyone who joined later.
    let seconds: Double
    let residentBytesEach: Int
    var joinsPerSecond: Double
  }

  func run(_ subject: any Subject) throws -> Sample {
    let server = try RunningServer(subject)
    _ = try Swarm(server, subject, count: 2, senders: 1, size: 64, checkEvery: 1)
    SystemThread.sleep(for: .milliseconds(300))
    let before = server.residentBytes
    let start = MonotonicTime.now
    // The first member sends the marker that all wait for once the last one is in.
    let swarm = try Swarm(
      server, subject, count: people, senders: 1, size: 64, checkEvery: people, prefix: "p")
    let seconds = (MonotonicTime.now - start) / .seconds(1)
    let each = (server.residentBytes - before) / people
    withExtendedLifetime(swarm) {}
    return Sample(
      seconds: seconds, residentBytesEach: each, joinsPerSecond: Double(people) / seconds)
  }
}
