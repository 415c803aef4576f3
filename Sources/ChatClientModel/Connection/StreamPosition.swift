package import ChatCore

/// The room that the client is in, and the number of the last line of its stream. Pure.
///
/// The server names a number when the client enters a room; from there the lines are counted. After a reconnection
/// the client sends this number, and gets exactly what it has missed.
package struct StreamPosition: Equatable, Sendable {
  /// The room; `nil` before the first.
  package private(set) var room: String?
  /// The number of the last line; `nil` if the server names none.
  package private(set) var sequence: UInt64?

  /// The client's join of another room has come, the line with its number has not: lines in between belong to
  /// neither room.
  private var isMoving = false

  /// In no room yet.
  package init() {}

  /// Follows a live line.
  ///
  /// - Parameters:
  ///   - line: the server's.
  ///   - nickname: one's own.
  package mutating func follow(_ line: ServerLine, nickname: String) {
    switch line {
    case .session(.welcome(let room, let sequence, _, _, _)),
      .session(.room(let room, let sequence, _)):
      self = StreamPosition()
      if !room.isEmpty { (self.room, self.sequence) = (room, sequence) }
    case .room(.joined(nickname)): isMoving = true
    case .room, .unknown(_, isTagged: false):
      // A server may name any number: the last one has no successor.
      if !isMoving, let last = sequence, last < .max { sequence = last + 1 }
    case .message, .session, .reply, .transfer, .control, .unknown(_, isTagged: true): break
    }
  }

  /// A line of the gap is followed.
  package mutating func follow(missed sequence: UInt64) { self.sequence = sequence }

  /// The connection is lost: what comes next belongs to the next one.
  package mutating func stay() { isMoving = false }
}
