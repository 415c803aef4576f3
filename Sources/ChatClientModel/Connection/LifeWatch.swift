package import ChatCore

/// Finds out that a server is gone though the connection is open: stopped, or cut off, which TCP
/// alone notices after a quarter of an hour (tcp(7), tcp_retries2). Pure.
///
/// Every byte that comes is a sign of life. After half the time the server is asked for one.
package struct LifeWatch: Sendable {
  /// How long a server may be silent.
  package static let limit: Duration = .seconds(30)
  /// The token of the question that asks for a sign.
  package static let token = "chat-client-alive"
  /// A client that waits for an answer waits this many times as long for a word.
  private static let wordLimits = 4

  /// What is to be done.
  package enum Verdict: Equatable, Sendable {
    case wait
    /// Ask for a sign.
    case ask
    /// The server is gone, or as good as gone.
    case gone(Silence)
  }

  /// How a server is silent, and for how long.
  package enum Silence: Equatable, Sendable, CustomStringConvertible {
    /// Nothing has come.
    case total(Duration)
    /// Bytes have come, but no word, and the client waits for an answer.
    case wordless(Duration)

    package var description: String {
      switch self {
      case .total(let time): "the server has said nothing for \(time.components.seconds) s"
      case .wordless(let time): "the server has answered nothing for \(time.components.seconds) s"
      }
    }
  }

  /// Whether a line is a word, which may be an answer. A `[PING]`, or a line without meaning, is none.
  package static func isWord(_ line: ServerLine) -> Bool {
    switch line {
    case .control(.ping), .unknown(_, isTagged: true): false
    default: true
    }
  }

  private let limit: Duration
  private var lastSign: Moment
  private var lastWord: Moment
  private var lastLook: Moment
  private var hasAsked = false

  /// Starts as if something had just come.
  ///
  /// - Parameter limit: how long the server may be silent.
  package init(limit: Duration = Self.limit, now: Moment) {
    self.limit = limit
    (lastSign, lastWord, lastLook) = (now, now, now)
  }

  /// When to look next.
  package var nextLook: Moment {
    min(lastSign + (hasAsked ? limit : limit / 2), lastWord + limit * Self.wordLimits)
  }

  /// Something was heard at this moment.
  ///
  /// - Parameter isWord: it was a word, and not just bytes.
  package mutating func heard(isWord: Bool, at time: Moment) {
    if isWord { lastWord = max(lastWord, time) }
    guard time > lastSign else { return }
    (lastSign, hasAsked) = (time, false)
  }

  /// Looks; at `nextLook` at the latest, as what could have come in a longer pause is unknown.
  ///
  /// - Parameter isAwaited: the client waits for an answer.
  package mutating func look(isAwaited: Bool, now: Moment) -> Verdict {
    let pause = now - lastLook
    lastLook = now
    if pause > limit { lastWord = lastWord + (pause - limit) }
    if !isAwaited || lastWord > now { lastWord = now }
    if now - lastSign >= limit { return .gone(.total(limit)) }
    let wordLimit = limit * Self.wordLimits
    if now - lastWord >= wordLimit { return .gone(.wordless(wordLimit)) }
    guard now - lastSign >= limit / 2, !hasAsked else { return .wait }
    hasAsked = true
    return .ask
  }
}
