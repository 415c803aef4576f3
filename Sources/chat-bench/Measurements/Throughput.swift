import ChatSystem
import Foundation

/// The deliveries a second, with so many senders and receivers.
struct Throughput {
  let receivers: Int
  /// A single sender is not one of the receivers; several senders are, at least one in each room.
  let senders: Int
  var rooms = 1
  var size = 64
  var seconds = 1.5

  /// The results of one run.
  struct Sample {
    let deliveriesPerSecond: Double
    /// The server's, per million deliveries.
    let processorSecondsPerMillion: Double
    /// How much of one processor the load generator used.
    let loadShare: Double
    /// How much of one processor the server used.
    let serverShare: Double

    /// The load generator was saturated, and the server was not: the server was not measured.
    var isSaturated: Bool { loadShare > 0.97 && serverShare < 0.9 }

    /// Makes a sample from the deliveries and the processor time they took.
    init(
      deliveries: Double, elapsed: Double, serverSeconds: Double, loadSeconds: Double
    ) {
      deliveriesPerSecond = deliveries / elapsed
      processorSecondsPerMillion = serverSeconds / deliveries * 1e6
      loadShare = loadSeconds / elapsed
      serverShare = serverSeconds / elapsed
    }
  }

  var people: Int { receivers + (senders == 1 ? 1 : 0) }

  /// The windows that are tried, in texts of each sender.
  var windows: [Int] {
    [65_536, 524_288, 4_194_304].map { max(senders == 1 ? 1 : 64, $0 / size / senders) }
  }

  /// Runs once, with at most `window` texts of each sender in flight: sent, but not received by everyone.
  func run(_ subject: any Subject, window: Int) throws -> Sample {
    let server = try RunningServer(subject)
    let swarm = try Swarm(
      server, subject, count: people, rooms: rooms, senders: senders, size: size,
      checkEvery: people > 500 && rooms == 1 ? 100 : 10)
    var said = [Int](repeating: 0, count: senders)
    var templates = (0..<senders).map { swarm.template($0) }
    let listeners = senders == 1 ? Array(swarm.members.dropFirst()) : swarm.members
    // How many senders each member hears. A room's only sender that does not hear itself is not waited for.
    let sendersEach = senders / rooms
    let isHeardByAll = sendersEach == 1 || subject.echoes
    let heardShare = isHeardByAll ? sendersEach : sendersEach - 1
    var slowest = (0..<rooms).map { room in
      Slowest(
        swarm,
        listeners.filter {
          $0.room == room && (subject.echoes || sendersEach > 1 || $0.index >= senders)
        })
    }
    let serverBefore = server.processorSeconds
    let loadBefore = LoadGenerator.processorSeconds
    let start = MonotonicTime.now
    let stop = start + .seconds(seconds)
    var last = start
    var bytes: [UInt8] = []
    try swarm.pump(within: .seconds(seconds + 10)) {
      last = .now
      guard last < stop else {
        return swarm.hasSent && listeners.allSatisfy { swarm.hasHeard($0, upTo: said) }
      }
      for sender in 0..<senders where swarm.members[sender].hasSent {
        let heard = slowest[sender % rooms].heard() / heardShare
        let count = min(window - (said[sender] - heard), max(1, 65_536 / size))
        guard count > 0 else { continue }
        bytes.removeAll(keepingCapacity: true)
        for number in said[sender]..<said[sender] + count {
          templates[sender].append(number, to: &bytes)
        }
        said[sender] += count
        try swarm.say(bytes, from: sender)
      }
      return false
    }
    let elapsed = (last - start) / .seconds(1)
    let deliveries = listeners.reduce(0) { $0 + swarm.heard(by: $1) }
    return Sample(
      deliveries: Double(deliveries), elapsed: elapsed,
      serverSeconds: server.processorSeconds - serverBefore,
      loadSeconds: LoadGenerator.processorSeconds - loadBefore)
  }
}

/// The member of a room that has received least. The others are looked at only after that one has made progress.
struct Slowest {
  private let swarm: Swarm
  private let members: [Member]
  private var slowest: Member?
  private var least = 0

  init(_ swarm: Swarm, _ members: [Member]) {
    self.swarm = swarm
    self.members = members
    slowest = members.first
  }

  /// How many texts that member has received.
  mutating func heard() -> Int {
    guard let last = slowest, swarm.heard(by: last) != least else { return least }
    least = .max
    for member in members {
      let heard = swarm.heard(by: member)
      guard heard < least else { continue }
      least = heard
      slowest = member
    }
    return least
  }
}
