import ChatSystem
import Foundation

/// A room that fills: how fast so many come in, and what each costs who does nothing.
struct FullHouse {
  let people: Int

  /// What one run showed.
  struct Sample {
    /// Until everyone has heard of everyone who came after.
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
    // The marker that everyone waits for is said by the first once the last is in.
    let swarm = try Swarm(
      server, subject, count: people, senders: 1, size: 64, checkEvery: people, prefix: "p")
    let seconds = (MonotonicTime.now - start) / .seconds(1)
    let each = (server.residentBytes - before) / people
    withExtendedLifetime(swarm) {}
    return Sample(
      seconds: seconds, residentBytesEach: each, joinsPerSecond: Double(people) / seconds)
  }
}
