import ChatSystem
import Foundation

/// How many deliveries a second, with so many senders and receivers.
struct Throughput {
  let receivers: Int
  let senders: Int
  var size = 64
  var seconds = 1.5

  /// What one run showed.
  struct Sample {
    let deliveriesPerSecond: Double
    /// The server's, per million deliveries.
    let processorSecondsPerMillion: Double
    /// How much of one processor the load generator used.
    let loadShare: Double
    /// How much of one processor the server used.
    let serverShare: Double

    /// The load generator stood still before the server did: the server was not measured.
    var isSaturated: Bool { loadShare > 0.97 && serverShare < 0.9 }
  }

  /// Runs once, with at most `window` texts said and not yet heard by everyone.
  func run(_ subject: any Subject, window: Int) throws -> Sample {
    let server = try RunningServer(subject)
    let isFanOut = senders == 1
    let swarm = try Swarm(
      server, count: receivers + (isFanOut ? 1 : 0), senders: senders, size: size, checkEvery: 10)
    var said = [Int](repeating: 0, count: senders)
    let listeners = isFanOut ? Array(swarm.members.dropFirst()) : swarm.members
    // Who says it hears it or not; whoever listens alone hears everything.
    let heardShare = isFanOut || subject.echoes ? senders : senders - 1
    let serverBefore = server.processorSeconds
    let loadBefore = LoadGenerator.processorSeconds
    let start = MonotonicTime.now
    let stop = start + .seconds(seconds)
    var isStopping = false
    var last = start
    try swarm.pump(within: .seconds(seconds + 10)) {
      last = .now
      if last >= stop { isStopping = true }
      let heard =
        (listeners.map { $0.lines ?? 0 }.min() ?? 0) / subject.linesPerMessage / heardShare
      var isDone = isStopping && swarm.hasSent
      for sender in 0..<senders {
        if heard < said[sender] { isDone = false }
        guard !isStopping, swarm.members[sender].isIdle else { continue }
        let count = min(window - (said[sender] - heard), max(1, 65_536 / size))
        guard count > 0 else { continue }
        var bytes: [UInt8] = []
        for _ in 0..<count {
          bytes.append(
            contentsOf: subject.encode(
              Message.text(sender: sender, number: said[sender], size: size)))
          said[sender] += 1
        }
        swarm.say(bytes, from: sender)
      }
      // All were heard as often as they were said, in total; the check says in which order.
      return isDone
        && listeners.allSatisfy { listener in
          let own = isFanOut || subject.echoes ? 0 : said[listener.index]
          return (listener.lines ?? 0) == (said.reduce(0, +) - own) * subject.linesPerMessage
        }
    }
    guard swarm.isComplete(upTo: said) else {
      throw BenchError("\(subject.name) lost or doubled a text")
    }
    let elapsed = (last - start) / .seconds(1)
    let deliveries =
      listeners.reduce(0.0) { $0 + Double($1.lines ?? 0) }
      / Double(subject.linesPerMessage)
    let serverSeconds = server.processorSeconds - serverBefore
    return Sample(
      deliveriesPerSecond: deliveries / elapsed,
      processorSecondsPerMillion: serverSeconds / deliveries * 1e6,
      loadShare: (LoadGenerator.processorSeconds - loadBefore) / elapsed,
      serverShare: serverSeconds / elapsed)
  }
}
