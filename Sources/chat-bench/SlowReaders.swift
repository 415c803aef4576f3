import ChatSystem
import Foundation

/// A room of 100 in which some never read: what the others notice.
struct SlowReaders {
  let readers = 100
  let never: Int
  var seconds = 6.0

  /// What one run showed, of those who read.
  struct Sample {
    let textsPerSecond: Double
    let memoryGrowthBytes: Int
  }

  func run(_ subject: any Subject, window: Int) throws -> Sample {
    let server = try RunningServer(subject)
    let swarm = try Swarm(server, count: readers + 1, senders: 1, size: 64, checkEvery: 1)
    for member in swarm.members.suffix(never) { member.isPaused = true }
    let healthy = swarm.members.dropFirst().dropLast(never)
    let before = server.residentBytes
    var said = 0
    var heard = 0
    let start = MonotonicTime.now
    let stop = start + .seconds(seconds)
    while MonotonicTime.now < stop {
      heard = healthy.map { swarm.heard(0, by: $0) }.min() ?? 0
      let count = min(window - (said - heard), 1_024)
      if count > 0, swarm.members[0].isIdle {
        var bytes: [UInt8] = []
        for _ in 0..<count {
          bytes.append(
            contentsOf: subject.encode(Message.text(sender: 0, number: said, size: 64)))
          said += 1
        }
        swarm.say(bytes, from: 0)
      }
      try swarm.pump(milliseconds: 20)
    }
    return Sample(
      textsPerSecond: Double(heard) / ((MonotonicTime.now - start) / .seconds(1)),
      memoryGrowthBytes: server.peakResidentBytes - before)
  }
}
