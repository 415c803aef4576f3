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
