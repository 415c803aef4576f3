/// What the client itself has to tell.
package enum Notice: Equatable, Sendable {
  /// The connection is lost, and tried again.
  case connectionLost
  /// The connection is there again, and all that was missed has been shown.
  case connectedAgain
  /// The room we were in is gone, and so we are in the lobby.
  case roomGone(String)
  /// So many lines that were said meanwhile can't be had.
  case missed(UInt64)
  /// The room counts its lines from the beginning again: nobody knows what was missed.
  case historyRestarted
  /// It is not known whether a private message has arrived.
  case messageUnsure(to: String)
  /// It is not known whether so many lines that were sent have arrived.
  case linesUnsure(Int)
  /// So many requests were cut off before their answer.
  case notAnswered(Int)
  /// So many lines were not said, because the room they were for is gone.
  case linesDropped(Int)
  /// A look back or a search brought nothing.
  case nothingFound
  /// Something about files.
  case transfer(TransferNotice)

  /// In words.
  ///
  /// - Parameter localTime: shows a person when something was.
  /// - Returns: `nil` where a person need not be told.
  package func text(localTime: (String) -> String) -> String? {
    switch self {
    case .transfer(let notice): notice.text(localTime: localTime)
    case .connectionLost: "connection lost, trying again…"
    case .connectedAgain: "connected again"
    case .roomGone(let room): "the room \(room) is gone; you are in the lobby"
    case .missed(let count):
      "\(count) \(count == 1 ? "line" : "lines") said meanwhile can't be had any more"
    case .historyRestarted: "the server began anew; what was said meanwhile can't be had any more"
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

  /// Whether only people need to be told: a program sees it from the lines.
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
