package import ChatCore

/// Where the client is: the room, and the number of the last line of its stream that it has seen.
/// Pure.
///
/// The server names a number when a room is entered; from there the lines are counted. Whoever
/// comes back says this number, and is told exactly what it has missed.
package struct StreamPosition: Equatable, Sendable {
  /// The room; `nil` before the first.
  package private(set) var room: String?
  /// The number of the last line seen; `nil` if the server names none.
  package private(set) var sequence: UInt64?

  /// Our own join of another room has come, the line that numbers it has not: until then lines
  /// belong to neither.
  private var isMoving = false

  /// Nowhere yet.
  package init() {}

  /// Follows a live line.
  ///
  /// - Parameters:
  ///   - line: what the server said.
  ///   - nickname: one's own.
  package mutating func follow(_ line: ServerLine, nickname: String) {
    switch line {
    case .session(.welcome(let room, let sequence, _, _)),
      .session(.room(let room, let sequence, _)):
      self = StreamPosition()
      if !room.isEmpty { (self.room, self.sequence) = (room, sequence) }
    case .room(.joined(nickname)): isMoving = true
    case .room, .unknown(_, isTagged: false):
      // A server may name any number: the last one is not counted on from.
      if !isMoving, let last = sequence, last < .max { sequence = last + 1 }
    case .message, .session, .reply, .transfer, .control, .unknown(_, isTagged: true): break
    }
  }

  /// A line that was missed has been shown.
  package mutating func follow(missed sequence: UInt64) { self.sequence = sequence }

  /// The connection is lost: what comes next belongs to another.
  package mutating func stay() { isMoving = false }
}
