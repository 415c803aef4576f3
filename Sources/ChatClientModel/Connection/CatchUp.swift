package import ChatCore

/// Closes the gap that a lost connection has left: what was missed is followed before what happens now. Pure.
///
/// After `since=` the server sends the client's own join, the welcome, the missed lines as `[PAST]`, their
/// end, then the live stream. The missed lines are displayed as they come; what belongs after them is
/// held back until they have ended.
package struct CatchUp: Sendable {
  /// What is to be done about a line.
  package enum Step: Equatable, Sendable {
    /// Nothing: the line is held back, or is known.
    case hold
    /// Follow the line now: it does not belong to the room's stream.
    case pass
    /// Display this line of the stream, which has this number.
    case missed(ServerLine, sequence: UInt64)
    /// The gap is closed: now follow these lines.
    case over([ServerLine], Gap)
  }

  /// What is missing after all lines have come.
  package enum Gap: Equatable, Sendable {
    /// Nothing is missing.
    case none
    /// This many lines.
    case lines(UInt64)
    /// Unknown: the room's numbers start from the beginning again.
    case unknown
  }

  /// The token of the `[PING]` after the handshake: a server that answers it before any `[PAST]` line does not know
  /// `since=`.
  package static let token = "chat-client-missed"

  /// Limit: a server that keeps the protocol does not send more lines before the end.
  private static let heldLines = 4_096

  private let room: String
  /// The number of the last line seen.
  private var sequence: UInt64
  /// The number of the client's own join, once it is known.
  private var joinSequence: UInt64?
  /// What is missing so far.
  package private(set) var gap: Gap
  private var hasBegun = false
  private var held: [ServerLine] = []

  /// Begins.
  ///
  /// - Parameters:
  ///   - room: the one asked for.
  ///   - sequence: the number of the last line seen of it.
  ///   - gap: what was found missing by a catch-up that was cut short.
  package init(room: String, since sequence: UInt64, after gap: Gap = .none) {
    self.room = room
    self.sequence = sequence
    self.gap = gap
  }

  /// Takes a line.
  package mutating func take(_ line: ServerLine) -> Step {
    switch line {
    case .reply(.past(let text, let sequence, _, _)):
      hasBegun = true
      guard sequence > self.sequence, sequence < joinSequence ?? .max else { return .hold }
      noteHole(before: sequence)
      self.sequence = sequence
      return .missed(ServerLine(stream: text), sequence: sequence)
    case .reply(.pastEnd): return over
    case .control(.pong(token: Self.token)): return hasBegun ? .hold : over
    case .session(.welcome(let room, let sequence, _, _, _)):
      held.append(line)
      guard room == self.room else { return over }
      joinSequence = sequence
      if sequence <= self.sequence {
        gap = .unknown
        self.sequence = 0
      }
      return .hold
    case .room, .session(.connected), .unknown(_, isTagged: false):
      held.append(line)
      return held.count < Self.heldLines ? .hold : over
    case .message, .session, .reply, .transfer, .control, .unknown(_, isTagged: true): return .pass
    }
  }

  private var over: Step {
    mutating get {
      if let joinSequence { noteHole(before: joinSequence) }
      return .over(held, gap)
    }
  }

  /// Counts the lines between the last one and this one, which will not come.
  private mutating func noteHole(before next: UInt64) {
    guard next > sequence, next - sequence > 1 else { return }
    let count = next - sequence - 1
    switch gap {
    case .none: gap = .lines(count)
    // Wraps around: the numbers are the server's.
    case .lines(let before): gap = .lines(before &+ count)
    case .unknown: break
    }
  }
}
