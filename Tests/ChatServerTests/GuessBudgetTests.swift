import ChatServer
import ChatSystem
import TestKit
import Testing

@Suite("GuessBudget, PastMembers and AddressBlock")
struct GuessBudgetTests {
  private static func time(_ milliseconds: Int) -> MonotonicTime {
    MonotonicTime(nanoseconds: Int64(milliseconds) * 1_000_000)
  }

  private static func block(_ host: String) -> AddressBlock {
    AddressBlock(of: Address(host: host, port: 1))
  }

  /// Guesses that all wait from the beginning, each asking when it was told to: who had its turn when.
  private static func turns(
    of hosts: [String], milliseconds: Int, leaving: Set<Int> = []
  ) -> [(guess: Int, time: Int)] {
    var budget = GuessBudget(now: time(0))
    let tickets = hosts.map { budget.draw(GuessBudget.Guesser(block($0)), now: time(0)) }
    var waiting = Set(tickets.indices)
    for guess in leaving {
      budget.giveUp(tickets[guess])
      waiting.remove(guess)
    }
    var turns: [(Int, Int)] = []
    for now in stride(from: 0, to: milliseconds, by: 50) {
      for guess in waiting.sorted() {
        let wait = budget.wait(tickets[guess], now: time(now))
        guard wait == .zero else { continue }
        waiting.remove(guess)
        turns.append((guess, now))
      }
    }
    return turns
  }

  @Test(
    "one guess waits for nothing; many of one address have a burst of five, then one a second"
  )
  func oneAddress() {
    let turns = Self.turns(of: Array(repeating: "192.0.2.1", count: 200), milliseconds: 20_001)
    #expect(turns.map(\.guess) == Array(0..<25))
    #expect(turns.prefix(6).map(\.time) == [0, 200, 400, 600, 800, 1_000])
    #expect(turns.last?.time == 20_000)
  }

  @Test("many addresses together have five a second")
  func manyAddresses() {
    let turns = Self.turns(
      of: (0..<300).map { "192.0.\($0 / 250).\($0 % 250)" }, milliseconds: 20_001)
    #expect(turns.count == 101)
    for (one, next) in zip(turns, turns.dropFirst()) { #expect(next.time - one.time >= 200) }
  }

  @Test("who gives up is passed over, wherever it waits")
  func givingUp() {
    let turns = Self.turns(
      of: Array(repeating: "::1", count: 10), milliseconds: 1_000, leaving: [0, 2, 3, 7])
    #expect(turns.map(\.guess) == [1, 4, 5, 6, 8])
  }

  @Test("silence brings the burst back and no more; a right code costs its address nothing")
  func refill() {
    var budget = GuessBudget(now: Self.time(0))
    func burst(at milliseconds: Int, givingBack: Bool = false) -> Int {
      var now = milliseconds
      var count = 0
      while count < 50 {
        let ticket = budget.draw(GuessBudget.Guesser(Self.block("::1")), now: Self.time(now))
        let wait = budget.wait(ticket, now: Self.time(now))
        guard wait == .zero else {
          if wait <= .milliseconds(200) {
            budget.giveUp(ticket)
            now += 200
            continue
          }
          budget.giveUp(ticket)
          return count
        }
        if givingBack { budget.giveBack(ticket) }
        count += 1
      }
      return count
    }
    // Five take 0.8 s, so there is the one of the next second, too.
    #expect(burst(at: 0) == 6)
    #expect(burst(at: 3_600_000) == 6)
    #expect(burst(at: 7_200_000, givingBack: true) == 50)
    #expect(burst(at: 7_300_000) == 6)
  }

  @Test("whatever addresses come, it knows only those that wait or just had a turn")
  func bounded() {
    var budget = GuessBudget(now: Self.time(0))
    for number in 0..<100_000 {
      let block = Self.block("2001:db8:\(String(number & 0xFFFF, radix: 16)):\(number >> 16)::1")
      let ticket = budget.draw(GuessBudget.Guesser(block), now: Self.time(number))
      if budget.wait(ticket, now: Self.time(number)) > .zero { budget.giveUp(ticket) }
    }
    #expect(budget.guesserCount <= 1_100)
  }

  @Test("at one address, each nickname waits for itself")
  func nicknames() {
    var budget = GuessBudget(now: Self.time(0))
    let alice = GuessBudget.Guesser(Self.block("::1"), nickname: "alice")
    let bob = GuessBudget.Guesser(Self.block("::1"), nickname: "bob")
    for _ in 0..<100 { _ = budget.draw(alice, now: Self.time(0)) }
    let last = budget.draw(alice, now: Self.time(0))
    let ticket = budget.draw(bob, now: Self.time(0))
    #expect(budget.wait(last, now: Self.time(0)) > .seconds(90))
    #expect(budget.wait(ticket, now: Self.time(0)) == .zero)
  }

  @Test("members are remembered by nickname and address; the last so many of them")
  func members() {
    var members = PastMembers(limit: 100)
    let (here, there) = (Self.block("192.0.2.1"), Self.block("192.0.2.2"))
    members.note(nickname: "alice", from: here)
    #expect(members.contain(nickname: "alice", from: here))
    #expect(!members.contain(nickname: "bob", from: here))
    #expect(!members.contain(nickname: "alice", from: there))
    for number in 0..<10_000 {
      members.note(nickname: "\(number)", from: there)
      if number % 50 == 0 { members.note(nickname: "alice", from: here) }
    }
    #expect(members.contain(nickname: "alice", from: here))
    #expect(members.count <= 100)
    for number in 0..<100 { members.note(nickname: "\(number)", from: here) }
    #expect(!members.contain(nickname: "alice", from: here))
    #expect(members.count == 100)
  }

  @Test("a block is an IPv4 address, in whatever dress, or half an IPv6 one")
  func blocks() {
    #expect(Self.block("192.0.2.1") == Self.block("::ffff:192.0.2.1"))
    #expect(Self.block("192.0.2.1") == Self.block("::ffff:c000:201"))
    #expect(Self.block("192.0.2.1") != Self.block("192.0.2.2"))
    #expect(Self.block("2001:db8:1:2::1") == Self.block("2001:db8:1:2:ffff:1:2:3"))
    #expect(Self.block("2001:db8:1:2::1") != Self.block("2001:db8:1:3::1"))
    #expect(Self.block("fe80::1%eth0") == Self.block("fe80::2%eth1"))
    #expect(Self.block("::1") != Self.block("127.0.0.1"))
    #expect(Self.block("?") == Self.block(""))
  }
}
