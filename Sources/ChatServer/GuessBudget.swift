package import ChatSystem

/// Whose turn it is to try a room's code: ten a second in all, and one a second from an address, with a burst of five.
/// Pure.
///
/// A guess draws a ticket and asks until it is its turn. From one address the first to come is the first to go; which
/// address goes next is left to chance, so that many connections of one address are no more than one of another.
///
/// Limit: an entry for each address with a guess that waits, or that had a turn within the last five seconds.
package struct GuessBudget: Sendable {
  /// Between two turns, whosever.
  package static let interval: Duration = .milliseconds(100)
  /// Between two turns of an address, in the long run.
  package static let addressInterval: Duration = .seconds(1)
  /// How many turns an address may have at once after silence.
  package static let addressBurst = 5

  /// A guess that waits.
  package struct Ticket: Hashable, Sendable {
    fileprivate let block: AddressBlock
    fileprivate let number: UInt64
  }

  /// The guesses of one address.
  private struct Line {
    /// The numbers of those that still wait.
    var waiting: Set<UInt64> = []
    /// The lowest number that may still wait.
    var first: UInt64 = 0
    /// The number of the next to come.
    var next: UInt64 = 0
    /// When the address may have a whole burst again.
    var fullTime: MonotonicTime
  }

  private var lines: [AddressBlock: Line] = [:]
  private var nextTurn: MonotonicTime
  private var nextSweep: MonotonicTime

  /// Nobody has guessed yet.
  package init(now: MonotonicTime) { (nextTurn, nextSweep) = (now, now) }

  /// How many addresses it knows.
  package var addressCount: Int { lines.count }

  /// A guess comes to wait for its turn. It has to be asked for, or given up.
  package mutating func draw(_ block: AddressBlock, now: MonotonicTime) -> Ticket {
    if now >= nextSweep {
      lines = lines.filter { !$0.value.waiting.isEmpty || $0.value.fullTime > now }
      nextSweep = now + Self.addressInterval
    }
    var line = lines[block] ?? Line(fullTime: now)
    let ticket = Ticket(block: block, number: line.next)
    line.waiting.insert(line.next)
    line.next += 1
    lines[block] = line
    return ticket
  }

  /// Asks whether it is a guess's turn.
  ///
  /// - Returns: zero if it is, and the ticket is used up; or else how long it takes at least.
  package mutating func wait(_ ticket: Ticket, now: MonotonicTime) -> Duration {
    guard var line = lines[ticket.block], line.waiting.contains(ticket.number) else { return .zero }
    while !line.waiting.contains(line.first) { line.first += 1 }
    // Of those ahead some may have given up: it may take less.
    let ahead = Double(ticket.number - line.first)
    let server = max(nextTurn, now) + Self.interval * ahead
    let address = line.fullTime + Self.addressInterval * (ahead + 1 - Double(Self.addressBurst))
    let turn = max(server, address)
    if turn <= now {
      line.waiting.remove(ticket.number)
      line.fullTime = max(line.fullTime, now) + Self.addressInterval
      nextTurn = now + Self.interval
    }
    lines[ticket.block] = line
    return turn <= now ? .zero : turn - now
  }

  /// A guess waits no more.
  package mutating func giveUp(_ ticket: Ticket) {
    lines[ticket.block]?.waiting.remove(ticket.number)
  }

  /// A guess was none, since it was right: its address may have a turn more.
  package mutating func giveBack(_ ticket: Ticket) {
    guard var line = lines[ticket.block] else { return }
    line.fullTime = line.fullTime + Self.addressInterval * -1
    lines[ticket.block] = line
  }
}
