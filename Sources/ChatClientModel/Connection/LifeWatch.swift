package import ChatCore

/// Finds out that a server is gone though the connection is open: stopped, or cut off, which TCP
/// alone notices after a quarter of an hour (tcp(7), tcp_retries2). Pure.
///
/// Every byte that comes is a sign of life. After half the time the server is asked for one. While a file is sent,
/// progress is a sign, too: a slow connection may need longer for what is in its buffers.
package struct LifeWatch: Sendable {
  /// How long a server may be silent.
  package static let limit: Duration = .seconds(30)
  /// The token of the question that asks for a sign.
  package static let token = "chat-client-alive"
  /// A client that waits for an answer waits this many times as long for a word.
  private static let wordLimits = 4
  /// How often the progress of files is looked at.
  private static let interval: Duration = .seconds(1)

  /// What changes as long as a file is sent.
  package struct Going: Equatable, Sendable {
    /// How much of the files has been handed to the system.
    package var sentBytes: UInt64
    /// How much of everything the peer's system has not acknowledged.
    package var unacknowledgedBytes: Int

    package init(sentBytes: UInt64, unacknowledgedBytes: Int) {
      (self.sentBytes, self.unacknowledgedBytes) = (sentBytes, unacknowledgedBytes)
    }
  }

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
  /// The progress at the last look, with the least unacknowledged bytes since something was handed over.
  private var going: Going?

  /// Starts as if something had just come.
  ///
  /// - Parameter limit: how long the server may be silent.
  package init(limit: Duration = Self.limit, now: Moment) {
    self.limit = limit
    (lastSign, lastWord, lastLook) = (now, now, now)
  }

  /// When to look next.
  package var nextLook: Moment {
    let next = min(lastSign + (hasAsked ? limit : limit / 2), lastWord + limit * Self.wordLimits)
    return going == nil ? next : min(next, lastLook + Self.interval)
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
  /// - Parameters:
  ///   - going: `nil` if no file is being sent.
  ///   - isAwaited: the client waits for an answer.
  package mutating func look(
    _ going: Going?, isAwaited: Bool, now: Moment
  ) -> Verdict {
    note(going, now)
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

  private mutating func note(_ going: Going?, _ now: Moment) {
    guard let going, let last = self.going, going.sentBytes == last.sentBytes else {
      // Handed over to the system; whether the peer takes it shows later.
      if going != nil { heard(isWord: true, at: now) }
      return self.going = going
    }
    // The question itself is sent, too, and is no sign: only a new minimum is.
    guard going.unacknowledgedBytes < last.unacknowledgedBytes else { return }
    heard(isWord: true, at: now)
    self.going = going
  }
}
