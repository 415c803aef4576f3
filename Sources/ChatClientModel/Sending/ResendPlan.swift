internal import ChatCore

/// What is sent over a new connection of what was on its way over the lost one. Pure.
struct ResendPlan {
  /// The lines to send, in order.
  private(set) var lines: [OutgoingLine] = []
  /// What is not sent again.
  private(set) var dropped: SendQueue.Dropped

  /// - Parameters:
  ///   - sent: what was sent, and is not known to have arrived.
  ///   - waiting: what was not sent yet.
  ///   - isElsewhere: the room is gone; what was meant for it must not be published elsewhere.
  ///   - isUnsure: the gap could not be closed, so it is not known what of `sent` it would have held.
  ///   - dropped: what was dropped before.
  init(
    sent: [SentLine], waiting: [OutgoingLine], nickname: Nickname, isElsewhere: Bool,
    isUnsure: Bool, dropped: SendQueue.Dropped
  ) {
    self.dropped = dropped
    for line in sent {
      switch line {
      case .text where isUnsure && !isElsewhere: self.dropped.unsureLines += 1
      case .text(let text, _): lines.append(.text(text))
      case .setting(let line), .leave(let line): lines.append(.raw(line))
      case .message(let name): self.dropped.messagesTo.append(name)
      case .question: break
      }
    }
    // A person who asked for a list of files asks again.
    lines += waiting.filter { if case .lookup = $0 { false } else { true } }
    guard isElsewhere else { return }
    let isMove = { (line: OutgoingLine) in
      switch line.meaning(from: nickname) {
      case .room, .newRoom: true
      default: false
      }
    }
    let isText = { (line: OutgoingLine) in
      if case .text? = line.meaning(from: nickname) { true } else { false }
    }
    let before = lines.prefix { !isMove($0) }
    let remaining = before.filter { !isText($0) }
    self.dropped.lines = before.count - remaining.count
    lines = remaining + lines.dropFirst(before.count)
  }
}
