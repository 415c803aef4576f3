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
  }

  func run(_ subject: any Subject) throws -> Sample {
    let server = try RunningServer(subject)
    let swarm = try Swarm(server, count: receivers + 1, senders: 1, size: 64, checkEvery: 1)
    let total = Int(Double(linesPerSecond) * seconds)
    var latencies: [Int64] = []
    latencies.reserveCapacity(total * (receivers + 1))
    swarm.onText = { latencies.append(MonotonicTime.now.nanoseconds - $0) }
    let sender = swarm.members[0].stream
    let interval = 1_000_000_000 / Int64(linesPerSecond)
    let serverBefore = server.processorSeconds
    let start = MonotonicTime.now + .milliseconds(50)
    // A thread of its own keeps the pace; the texts carry the time they were sent at.
    let failed = Atomic<Bool>(false)
    let count = total
    try SystemThread.start(named: "sender") {
      for number in 0..<count {
        SystemThread.sleep(
          until: MonotonicTime(nanoseconds: start.nanoseconds + Int64(number) * interval))
        let text = Message.text(
          sender: 0, number: number, nanoseconds: MonotonicTime.now.nanoseconds, size: 64)
        do { try sender.sendAll(subject.encode(text)) } catch {
          failed.store(true, ordering: .relaxed)
          return
        }
      }
    }
    try swarm.pump(within: .seconds(seconds + 20)) {
      if failed.load(ordering: .relaxed) { throw BenchError("\(subject.name) closed the sender") }
      return swarm.isComplete(upTo: [total])
    }
    let elapsed = (MonotonicTime.now - start) / .seconds(1)
    latencies.sort()
    func milliseconds(_ share: Double) -> Double {
      Double(latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))]) / 1e6
    }
    return Sample(
      median: milliseconds(0.5), p99: milliseconds(0.99), p999: milliseconds(0.999),
      processorShare: (server.processorSeconds - serverBefore) / elapsed)
  }
}
