import ChatSystem
import Foundation
import Synchronization

/// How late a text arrives, at so many receivers and so many texts a second.
struct Latency {
  let receivers: Int
  let linesPerSecond: Int
  var seconds = 3.0

  /// What one run showed, in milliseconds.
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
    let sender = swarm.members[0].stream
    let template = swarm.template(0)
    let interval = 1_000_000_000 / Int64(linesPerSecond)
    let serverBefore = server.processorSeconds
    let loadBefore = LoadGenerator.processorSeconds
    let start = MonotonicTime.now + .milliseconds(50)
    // A thread of its own keeps the pace; the texts carry the time at which they were to be sent, so that
    // whatever holds the sender up counts.
    let failed = Atomic<Bool>(false)
    try SystemThread.start(named: "sender") {
      var template = template
      var bytes: [UInt8] = []
      for number in 0..<total {
        let moment = start.nanoseconds + Int64(number) * interval
        SystemThread.sleep(until: MonotonicTime(nanoseconds: moment))
        bytes.removeAll(keepingCapacity: true)
        template.append(number, nanoseconds: moment, to: &bytes)
        do { try sender.sendAll(bytes) } catch {
          failed.store(true, ordering: .relaxed)
          return
        }
      }
    }
    let said = [total]
    try swarm.pump(within: .seconds(seconds + 20)) {
      if failed.load(ordering: .relaxed) { throw BenchError("closed the sender") }
      return swarm.members.allSatisfy { swarm.hasHeard($0, upTo: said) }
    }
    let elapsed = (MonotonicTime.now - start) / .seconds(1)
    return Sample(
      median: latencies.milliseconds(0.5), p99: latencies.milliseconds(0.99),
      p999: latencies.milliseconds(0.999),
      processorShare: (server.processorSeconds - serverBefore) / elapsed,
      loadShare: (LoadGenerator.processorSeconds - loadBefore) / elapsed)
  }
}
