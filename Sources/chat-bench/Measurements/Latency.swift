import ChatSystem
import Foundation

/// The latency of texts, with so many receivers and so many texts a second.
struct Latency {
  let receivers: Int
  let linesPerSecond: Int
  var seconds = 3.0

  /// The results of one run, in milliseconds.
  struct Sample {
    let median: Double
    let p99: Double
    let p999: Double
    let processorShare: Double
    /// How much of one processor the load generator used.
    let loadShare: Double
  }

  func run(_ subject: any Subject) throws -> Sample {
    let server = try RunningServer(subject)
    let swarm = try Swarm(
      server, subject, count: receivers + 1, senders: 1, size: 64, checkEvery: 1)
    let total = Int(Double(linesPerSecond) * seconds)
    var latencies = LatencyHistogram()
    swarm.onText = { latencies.add($1 - $0) }
    let serverBefore = server.processorSeconds
    let loadBefore = LoadGenerator.processorSeconds
    let speaker = try Speaker(swarm, linesPerSecond: linesPerSecond, limit: total)
    try swarm.pump(within: .seconds(seconds + 20)) {
      guard let said = try speaker.total else { return false }
      return swarm.members.allSatisfy { swarm.hasHeard($0, upTo: [said]) }
    }
    let elapsed = (MonotonicTime.now - speaker.start) / .seconds(1)
    return Sample(
      median: latencies.milliseconds(0.5), p99: latencies.milliseconds(0.99),
      p999: latencies.milliseconds(0.999),
      processorShare: (server.processorSeconds - serverBefore) / elapsed,
      loadShare: (LoadGenerator.processorSeconds - loadBefore) / elapsed)
  }
}
