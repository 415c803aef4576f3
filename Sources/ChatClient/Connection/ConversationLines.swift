internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// What becomes of the lines that the server says.
extension Conversation {
  /// Follows a line, in its order: what was missed goes before what happens now.
  func follow(_ line: ServerLine) throws(ClientExit) {
    let file: String? = if case .past(_, _, _, let file) = line { file } else { nil }
    switch catchUp?.take(line) {
    case nil, .pass: try live(line)
    case .hold: break
    case .missed(let line, let sequence):
      position.follow(missed: sequence)
      if let file { transfers.missed(line, file: file, nickname: nickname.text) }
      try missed(line)
    case .over(let lines, let gap):
      catchUp = nil
      self.gap = gap
      switch gap {
      case .none: break
      case .lines(let count): try display.tell(.missed(count))
      case .unknown: try display.tell(.historyRestarted)
      }
      for line in lines { try live(line) }
    }
  }

  /// Tells what there is to tell of files.
  func tellOfTransfers() throws(ClientExit) {
    for notice in transfers.takeNotices() {
      try display.tell(.transfer(notice))
      if let pictures, case .saved(_, _, let path, _) = notice {
        // It comes after the line that tells of it.
        try display.flush()
        pictures.show(FilePath(path))
      }
    }
  }

  /// A line that the room said while we were away.
  private func missed(_ line: ServerLine) throws(ClientExit) {
    switch line {
    case .said(by: nickname.text, let text): outgoing.note { $0.heard(text) }
    // Whoever comes under our nickname is another, too.
    case .left(nickname.text), .renamed(from: nickname.text, to: _), .joined(nickname.text),
      .renamed(from: _, to: nickname.text):
      outgoing.note { $0.parted() }
    default: break
    }
    try display.show(line, nickname: nickname.text)
  }

  /// A line that the server says now.
  private func live(_ line: ServerLine) throws(ClientExit) {
    position.follow(line, nickname: nickname.text)
    let isTransfers = transfers.follow(line, nickname: nickname.text)
    try tellOfTransfers()
    if isTransfers { return }
    switch line {
    case .said(by: nickname.text, let text): outgoing.note { $0.heard(text) }
    case .renamed(from: nickname.text, let new):
      // A nickname that is none to us could not be said again in a handshake; the old one can.
      if let name = try? Nickname(new) {
        nickname = name
        outgoing.noteAnswer { $0.renamed(to: name) }
      }
    case .room: outgoing.noteAnswer { $0.moved() }
    case .message(from: nickname.text, _, _): outgoing.note { $0.delivered() }
    // One that nobody asked for ends the connection, not what we have to do.
    case .goodbye: hasSaidGoodbye = outgoing.isLeaving
    case .ping(let token): return outgoing.reply(TaggedLine("PONG", token))
    case .pong(token: CatchUp.token), .pong(token: LifeWatch.token): return
    case .pong(let token):
      if outgoing.noteAnswer({ $0.answered(token) }) {
        if outgoing.isStopped { throw try end("what follows a refused room is not sent") }
        return
      }
    case .who(_, isLast: true), .rooms(_, isLast: true), .error:
      outgoing.note { $0.requestAnswered() }
    case .past: pastLines += 1
    case .pastEnd:
      outgoing.note { $0.requestAnswered() }
      if pastLines == 0 { try display.tell(.nothingFound) }
      pastLines = 0
    case .connected where isAway:
      isAway = false
      return try display.tell(.connectedAgain)
    default: break
    }
    try display.show(line, nickname: nickname.text)
  }
}
