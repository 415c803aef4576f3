import ChatSystem
import Foundation

/// What is said while another process has the database locked: how late it is, and what the history has of it afterwards.
struct LockedTalk {
  private static let size = 64

  let isLocked: Bool
  var receivers = 10
  var linesPerSecond = 5_000
  var seconds = 30.0

  /// The results of one run, in milliseconds.
  struct Sample {
    let median: Double
    let p999: Double
    let slowest: Double
    let said: Int
    let past: PastCheck

    var missing: Int { said - past.found }
  }

  func run(_ subject: ChatServerSubject) throws -> Sample {
    let folder = try Interruption.running.makeFolder()
    defer { Interruption.running.remove(folder) }
    let server = try RunningServer(subject, keeping: folder)
    let swarm = try Swarm(
      server, subject, count: receivers + 1, senders: 1, size: Self.size, checkEvery: 1)
    var latencies = LatencyHistogram()
    swarm.onText = { latencies.add($1 - $0) }
    let lock = isLocked ? try DatabaseLock(folder.appendingPathComponent("history.db")) : nil
    let total = Int(Double(linesPerSecond) * seconds)
    let speaker = try Speaker(swarm, linesPerSecond: linesPerSecond, limit: total)
    try swarm.pump(within: .seconds(seconds + 20)) {
      guard let said = try speaker.total else { return false }
      return swarm.members.allSatisfy { swarm.hasHeard($0, upTo: [said]) }
    }
    withExtendedLifetime(lock) {}
    return Sample(
      median: latencies.milliseconds(0.5), p999: latencies.milliseconds(0.999),
      slowest: latencies.milliseconds(1), said: total,
      past: try PastCheck(exportedFrom: folder, size: Self.size))
  }
}
