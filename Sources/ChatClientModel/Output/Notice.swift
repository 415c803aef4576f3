/// What the client itself has to say.
package enum Notice: Equatable, Sendable {
  /// The connection is lost, and the client reconnects.
  case connectionLost
  /// The connection is there again, and the gap is closed.
  case connectedAgain
  /// The client's room is gone; it is in the lobby.
  case roomGone(String)
  /// This many lines of the gap are not available.
  case missed(UInt64)
  /// The room's numbers start from the beginning again: what was missed is unknown.
  case historyRestarted
  /// It is not known whether a private message has arrived.
  case messageUnsure(to: String)
  /// It is not known whether this many lines have arrived.
  case linesUnsure(Int)
  /// This many requests were cut off before their answer.
  case notAnswered(Int)
  /// This many lines were not sent, because the room they were meant for is gone.
  case linesDropped(Int)
  /// A history query or a search brought nothing.
  case nothingFound
  /// Something about files.
  case transfer(TransferNotice)

  /// In words.
  ///
  /// - Parameter localTime: a time for a person, given the time as the protocol has it.
  /// - Returns: `nil` if a person need not know.
  package func text(localTime: (String) -> String) -> String? {
    switch self {
    case .transfer(let notice): notice.text(localTime: localTime)
    case .connectionLost: "connection lost, trying again…"
    case .connectedAgain: "connected again"
    case .roomGone(let room): "the room \(room) is gone; you are in the lobby"
    case .missed(let count):
      "\(count) \(count == 1 ? "line" : "lines") said meanwhile \(count == 1 ? "is" : "are") no longer available"
    case .historyRestarted:
      "the server started again; what was said meanwhile is no longer available"
    case .messageUnsure(let name): "your message to \(name) may not have arrived"
    case .linesUnsure(let count):
      "\(count) \(count == 1 ? "line" : "lines") you sent may not have arrived"
    case .notAnswered(let count):
      "\(count) \(count == 1 ? "request was" : "requests were") not answered"
    case .linesDropped(let count):
      "\(count) \(count == 1 ? "line" : "lines") for that room \(count == 1 ? "was" : "were") not sent"
    case .nothingFound: "nothing found"
    }
  }

  /// Whether only people need to know: a program sees it from the lines.
  package var isForPeople: Bool {
    switch self {
    // The room's stream says so.
    case .nothingFound, .transfer(.files), .transfer(.sent): true
    default: false
    }
  }

  /// Whether it is an error.
  package var isFailure: Bool {
    if case .transfer(let notice) = self { notice.isFailure } else { false }
  }
}
