internal import ChatCore

/// What becomes of the lines when a connection is lost, and another is there.
extension SendQueue {
  /// What was on its way when the connection broke, and is not sent again.
  package struct Dropped: Equatable, Sendable {
    /// Whom private messages were for whose receipts have not come.
    package var messagesTo: [String] = []
    /// How many lines that were to be said in a room that is gone.
    package var lines = 0
    /// How many lines were sent, and nobody can tell whether they arrived.
    package var unsureLines = 0
    /// How many requests were not answered to their end.
    package var requests = 0

    /// Makes a list of nothing, or of these.
    package init(
      messagesTo: [String] = [], lines: Int = 0, unsureLines: Int = 0, requests: Int = 0
    ) {
      self.messagesTo = messagesTo
      self.lines = lines
      self.unsureLines = unsureLines
      self.requests = requests
    }
  }

  /// A question which files there are.
  struct OpenList: Sendable {
    /// The one that is asked for; empty for all.
    let id: String
    /// Whether the client asks by itself, not for a person or script.
    let isOwn: Bool
  }

  /// What is not known to have arrived, and is lost if we end now.
  package struct Unconfirmed: Equatable, Sendable {
    /// Lines of text.
    package var lines = 0
    /// Private messages.
    package var messages = 0
    /// Requests.
    package var requests = 0

    /// Makes a sum of nothing, or of these.
    package init(lines: Int = 0, messages: Int = 0, requests: Int = 0) {
      self.lines = lines
      self.messages = messages
      self.requests = requests
    }

    /// Whether there is none.
    package var isEmpty: Bool { self == Unconfirmed() }

    /// A reason to end, and what is lost with it.
    package func text(after reason: String) -> String {
      let parts = [
        Self.count(lines, "line"), Self.count(messages, "private message"),
        Self.count(requests, "request"),
      ]
      let losses = parts.compactMap(\.self).joined(separator: ", ")
      return losses.isEmpty ? reason : "\(reason); not known to have arrived: \(losses)"
    }

    /// `1 line`, `2 lines`; `nil` if there is none.
    private static func count(_ count: Int, _ noun: String) -> String? {
      count == 0 ? nil : "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
  }

  /// What would be lost if we ended now.
  package var unconfirmed: Unconfirmed {
    var result = Unconfirmed(requests: openRequests)
    for line in sent.elements {
      if line.isText { result.lines += 1 }
      if line.isMessage { result.messages += 1 }
    }
    result.messages += dropped.messagesTo.count
    // What follows the wish to leave is said to nobody.
    for line in isLeaving ? [] : waiting.elements {
      switch meaning(of: line) {
      case .text: result.lines += 1
      case .message: result.messages += 1
      case .who, .rooms, .history, .search, .files: result.requests += 1
      case .quit: return result
      default: break
      }
    }
    return result
  }

  private func meaning(of line: Line) -> ClientLine? {
    switch line {
    case .text(let text): .text(0..<text.count)
    // What nobody understands says nothing.
    case .raw(let bytes): try? ClientLine(bytes.span, from: nickname)
    case .lookup: nil
    }
  }

  /// The connection is lost. What the stream brings now was said before we come back.
  package mutating func lost() {
    isAway = true
    dropped.requests += openRequests
    openRequests = 0
    openLists.removeAll()
  }

  /// We are back, and all that was missed has come: what of ours it did not hold is to be sent again.
  ///
  /// - Parameters:
  ///   - isElsewhere: the room is gone; what was to be said there must not be said elsewhere.
  ///   - isUnsure: not all that was missed could be had, so nobody knows what it would have held.
  /// - Returns: what was dropped.
  package mutating func resume(isElsewhere: Bool = false, isUnsure: Bool = false) -> Dropped {
    var lines: [Line] = []
    for line in sent.elements {
      switch line {
      case .text where isUnsure && !isElsewhere: dropped.unsureLines += 1
      case .text(let text, _): lines.append(.text(text))
      case .setting(let line), .leave(let line): lines.append(.raw(line))
      case .message(let name): dropped.messagesTo.append(name)
      case .question: break
      }
    }
    // Lookups are asked anew.
    lines += waiting.elements.filter { if case .lookup = $0 { false } else { true } }
    if isElsewhere {
      let kept = lines.prefix { !isMove($0) }.filter { !says($0) }
      let later = lines.drop { !isMove($0) }
      dropped.lines = lines.count - kept.count - later.count
      lines = kept + later
    }
    sent.removeAll()
    waiting.removeAll()
    waitingBytes = 0
    for line in lines { append(line) }
    (isBarred, isLeaving, isAway, isParted) = (false, false, false, false)
    (bytesSinceQuestion, lastQuestion) = (0, nil)
    defer { dropped = Dropped() }
    if dropped != Dropped() { hasLost = true }
    return dropped
  }

  private func says(_ line: Line) -> Bool {
    if case .text? = meaning(of: line) { true } else { false }
  }

  private func isMove(_ line: Line) -> Bool {
    switch meaning(of: line) {
    case .room, .newRoom: true
    default: false
    }
  }
}
