import ChatSystem
import Foundation

/// The effect of slow readers: in a room of 100, some never read, and some read at a tenth of the others' pace.
struct SlowReaders {
  private static let readers = 100
  /// How many never read.
  let never: Int
  /// How many read at a tenth.
  let tenth: Int
  /// The shortest duration.
  var seconds: Double { never > 0 ? 12 : 4 }
  /// The longest text that all servers accept.
  private static let size = 400
  /// With slow readers, a run lasts until each other reader has so much, or time is over: more than the system buffers for a
  /// reader that does not read.
  private static let bytesEach = 12 << 20
  private static let limit: Duration = .seconds(40)
  /// Texts in flight: sent, but not received by every healthy reader.
  private static let window = 1_024
  /// A server that delivers nothing for so long has stopped.
  private static let stopLimit: Duration = .seconds(4)

  /// The results of one run, for the healthy readers.
  struct Sample {
    let textsPerSecond: Double
    /// The longest time in which the slowest of them received nothing.
    let silenceSeconds: Double
    /// In milliseconds.
    let p99: Double
    let memoryGrowthBytes: Int
    /// Whether the server delivered nothing more to anybody.
    let hasStopped: Bool
    /// The ends of the readers at a tenth.
    let ends: [End]
  }

  /// The end of a reader at a tenth.
  enum End: Equatable {
    case everything
    /// It was disconnected, with this last line.
    case closed(String)
    case incomplete
  }

  /// Several ends, for a table.
  static func text(_ ends: [End]) -> String {
    var parts: [String] = []
    let complete = ends.count { $0 == .everything }
    if complete > 0 { parts.append("\(complete) got everything") }
    let closed = ends.compactMap { if case .closed(let line) = $0 { line } else { nil } }
    let told = closed.count { $0.contains("code=slow-consumer") }
    if told > 0 { parts.append("\(told) closed with slow-consumer") }
    if closed.count > told { parts.append("\(closed.count - told) closed") }
    let incomplete = ends.count { $0 == .incomplete }
    if incomplete > 0 { parts.append("\(incomplete) got no more") }
    return parts.isEmpty ? "–" : parts.joined(separator: ", ")
  }

  func run(_ subject: any Subject) throws -> Sample {
    let server = try RunningServer(subject)
    let swarm = try Swarm(
      server, subject, count: Self.readers + 1, senders: 1, size: Self.size, checkEvery: 1)
    let slow = Array(swarm.members.suffix(tenth))
    for member in swarm.members.suffix(never + tenth) { try swarm.pause(member, true) }
    let healthy = Array(swarm.members.dropFirst().dropLast(never + tenth))
    var slowest = Slowest(swarm, healthy)
    var latencies = LatencyHistogram()
    swarm.onText = { latencies.add($1 - $0) }
    let before = server.residentBytes
    var template = swarm.template(0)
    var said = 0
    var bytes: [UInt8] = []
    var heard = 0
    let start = MonotonicTime.now
    var lastProgress = start
    var silence = Duration.zero
    while true {
      let now = MonotonicTime.now
      let newlyHeard = slowest.heard()
      silence = max(silence, now - lastProgress)
      if newlyHeard > heard { lastProgress = now }
      heard = newlyHeard
      let isEnough =
        never == 0 || heard * Self.size >= Self.bytesEach
        || now - lastProgress > Self.stopLimit || now - start > Self.limit
      if isEnough && now - start > .seconds(seconds) { break }
      let count = min(Self.window - (said - heard), 1_024)
      if count > 0, swarm.members[0].hasSent {
        bytes.removeAll(keepingCapacity: true)
        for number in said..<said + count {
          template.append(number, nanoseconds: now.nanoseconds, to: &bytes)
        }
        said += count
        try swarm.say(bytes, from: 0)
      }
      let share = (healthy.first?.bytes ?? 0) / 10
      for member in slow where !member.isClosed && member.bytes < share {
        try swarm.read(member, atMost: share - member.bytes)
      }
      try swarm.pump(milliseconds: 5)
    }
    let elapsed = (MonotonicTime.now - start) / .seconds(1)
    let growth = server.peakResidentBytes - before
    let texts = Double(heard) / elapsed
    let p99 = latencies.milliseconds(0.99)
    let isDone = try finish(swarm, healthy, slow, said, since: lastProgress)
    return Sample(
      textsPerSecond: texts, silenceSeconds: silence / .seconds(1), p99: p99,
      memoryGrowthBytes: growth, hasStopped: !isDone,
      ends: isDone ? try ends(swarm, slow, said) : [])
  }

  /// Waits until each healthy reader has every line in order. The readers at a tenth continue.
  ///
  /// - Returns: false if nothing arrives any more.
  private func finish(
    _ swarm: Swarm, _ healthy: [Member], _ slow: [Member], _ said: Int, since: MonotonicTime
  ) throws -> Bool {
    var lastProgress = since
    var total = 0
    while !healthy.allSatisfy({ swarm.hasHeard($0, upTo: [said]) }) {
      for member in slow where !member.isClosed { try swarm.read(member, atMost: 65_536) }
      try swarm.pump(milliseconds: 5)
      let now = healthy.reduce(0) { $0 + $1.bytes }
      if now > total { lastProgress = .now }
      total = now
      if MonotonicTime.now - lastProgress > Self.stopLimit { return false }
    }
    return true
  }

  /// Has the readers at a tenth read to the end.
  private func ends(_ swarm: Swarm, _ slow: [Member], _ said: Int) throws -> [End] {
    var lastBytes = -1
    var lastProgress = MonotonicTime.now
    while MonotonicTime.now - lastProgress < .seconds(3),
      !slow.allSatisfy({ $0.isClosed || swarm.hasHeard($0, upTo: [said]) })
    {
      for member in slow where !member.isClosed { try swarm.read(member) }
      try swarm.pump(milliseconds: 5)
      let bytes = slow.reduce(0) { $0 + $1.bytes }
      if bytes > lastBytes { lastProgress = .now }
      lastBytes = bytes
    }
    return slow.map { member in
      if swarm.hasHeard(member, upTo: [said]) { return .everything }
      return member.isClosed ? .closed(member.lastLine) : .incomplete
    }
  }
}
