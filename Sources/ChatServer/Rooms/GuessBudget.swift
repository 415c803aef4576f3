package import ChatSystem

/// A rate limit for tries of room codes: five a second in all, and one a second for each guesser, with a burst of five.
/// Pure.
///
/// A guesser is an address, or a nickname at an address. A guess draws a ticket and asks until it is its turn. The
/// guesses of one guesser go in order; which guesser goes next is left to chance, so that many connections of one get
/// no more than one of another.
///
/// Limit: an entry for each guesser with a waiting guess, or with a turn in the last five seconds.
package struct GuessBudget: Sendable {
  /// Between two turns of any guessers.
  package static let interval: Duration = .milliseconds(200)
  /// Between two turns of a guesser, in the long run.
  package static let guesserInterval: Duration = .seconds(1)
  /// How many turns a guesser may have at once after silence.
  package static let guesserBurst = 5

  /// Whose guesses share turns.
  package struct Guesser: Hashable, Sendable {
    private let block: AddressBlock
    private let nickname: String?

    /// - Parameter nickname: the nickname's key; `nil` for the whole address.
    package init(_ block: AddressBlock, nickname: String? = nil) {
      (self.block, self.nickname) = (block, nickname)
    }
  }

  /// A guess that waits.
  package struct Ticket: Hashable, Sendable {
    fileprivate let guesser: Guesser
    fileprivate let number: UInt64
  }

  /// The guesses of one guesser.
  private struct Line {
    /// The numbers of those that still wait.
    var waiting: Set<UInt64> = []
    /// The lowest number that may still wait.
    var first: UInt64 = 0
    /// The number of the next to come.
    var next: UInt64 = 0
    /// When the guesser may have a whole burst again.
    var fullTime: MonotonicTime
  }

  private var lines: [Guesser: Line] = [:]
  private var nextTurn: MonotonicTime
  private var nextSweep: MonotonicTime

  /// Makes a full budget.
  package init(now: MonotonicTime) { (nextTurn, nextSweep) = (now, now) }

  /// How many guessers it knows.
  package var guesserCount: Int { lines.count }

  /// Draws a ticket for a guess. Ask with `wait` until it is its turn, or give it up.
  package mutating func draw(_ guesser: Guesser, now: MonotonicTime) -> Ticket {
    if now >= nextSweep {
      lines = lines.filter { !$0.value.waiting.isEmpty || $0.value.fullTime > now }
      nextSweep = now + Self.guesserInterval
    }
    var line = lines[guesser] ?? Line(fullTime: now)
    let ticket = Ticket(guesser: guesser, number: line.next)
    line.waiting.insert(line.next)
    line.next += 1
    lines[guesser] = line
    return ticket
  }

  /// Asks whether it is a guess's turn, and takes it.
  ///
  /// - Returns: zero if it is, and the ticket is used up; or else how long it takes at least.
  package mutating func wait(_ ticket: Ticket, now: MonotonicTime) -> Duration {
    guard var line = lines[ticket.guesser], line.waiting.contains(ticket.number) else {
      return .zero
    }
    while !line.waiting.contains(line.first) { line.first += 1 }
    // Of those ahead some may have given up: it may take less.
    let ahead = Double(ticket.number - line.first)
    let server = max(nextTurn, now) + Self.interval * ahead
    let own = line.fullTime + Self.guesserInterval * (ahead + 1 - Double(Self.guesserBurst))
    let turn = max(server, own)
    if turn <= now {
      line.waiting.remove(ticket.number)
      line.fullTime = max(line.fullTime, now) + Self.guesserInterval
      nextTurn = now + Self.interval
    }
    lines[ticket.guesser] = line
    return turn <= now ? .zero : turn - now
  }

  /// Gives up a ticket.
  package mutating func giveUp(_ ticket: Ticket) {
    lines[ticket.guesser]?.waiting.remove(ticket.number)
  }

  /// Gives back the turn of a code that was right.
  package mutating func giveBack(_ ticket: Ticket) {
    guard var line = lines[ticket.guesser] else { return }
    line.fullTime = line.fullTime + Self.guesserInterval * -1
    lines[ticket.guesser] = line
  }
}
