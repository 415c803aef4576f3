import ChatSystem

/// A swarm on a running server whose senders talk as fast as a window lets them.
///
/// Confined to one thread.
final class Flood {
  private let server: RunningServer
  private let work: Throughput
  /// How many texts of each sender may be in flight: sent, but not received by everyone.
  private let window: Int
  private let swarm: Swarm
  private let listeners: [Member]
  /// The number of each sender's next text.
  private(set) var said: [Int]
  private var templates: [Message.Template]
  /// Of each room.
  private var slowest: [Slowest]
  /// How many senders each member hears. A room's only sender that does not hear itself is not waited for.
  private let heardShare: Int
  private var bytes: [UInt8] = []

  /// Brings the members in.
  init(
    _ server: RunningServer, _ subject: any Subject, _ work: Throughput, window: Int
  ) throws {
    (self.server, self.work, self.window) = (server, work, window)
    let (senders, rooms) = (work.senders, work.rooms)
    let swarm = try Swarm(
      server, subject, count: work.people, rooms: rooms, senders: senders, size: work.size,
      checkEvery: work.checkEvery)
    self.swarm = swarm
    said = [Int](repeating: 0, count: senders)
    templates = (0..<senders).map { swarm.template($0) }
    let listeners = senders == 1 ? Array(swarm.members.dropFirst()) : swarm.members
    self.listeners = listeners
    let sendersEach = senders / rooms
    heardShare = sendersEach == 1 || subject.echoes ? sendersEach : sendersEach - 1
    slowest = (0..<rooms).map { room in
      Slowest(
        swarm,
        listeners.filter {
          $0.room == room && (subject.echoes || sendersEach > 1 || $0.index >= senders)
        })
    }
  }

  /// Talks for a time, or until so many texts were said, and waits until everyone has received them.
  func run(for time: Duration, texts: Int = .max) throws -> Throughput.Sample {
    let deliveriesBefore = deliveries
    let serverBefore = server.processorSeconds
    let loadBefore = LoadGenerator.processorSeconds
    var left = texts
    let start = MonotonicTime.now
    var last = start
    try swarm.pump(within: time + .seconds(10)) {
      last = .now
      guard last < start + time, left > 0 else {
        return swarm.hasSent && listeners.allSatisfy { swarm.hasHeard($0, upTo: said) }
      }
      for sender in 0..<work.senders where swarm.members[sender].hasSent {
        left -= try talk(sender, atMost: left)
      }
      return false
    }
    return Throughput.Sample(
      deliveries: Double(deliveries - deliveriesBefore), elapsed: (last - start) / .seconds(1),
      serverSeconds: server.processorSeconds - serverBefore,
      loadSeconds: LoadGenerator.processorSeconds - loadBefore)
  }

  private var deliveries: Int { listeners.reduce(0) { $0 + swarm.heard(by: $1) } }

  /// - Returns: how many texts it said.
  private func talk(_ sender: Int, atMost limit: Int) throws -> Int {
    let heard = slowest[sender % work.rooms].heard() / heardShare
    let count = min(window - (said[sender] - heard), max(1, 65_536 / work.size), limit)
    guard count > 0 else { return 0 }
    bytes.removeAll(keepingCapacity: true)
    for number in said[sender]..<said[sender] + count {
      templates[sender].append(number, to: &bytes)
    }
    said[sender] += count
    try swarm.say(bytes, from: sender)
    return count
  }
}
