/// The state machine of an upload. Pure.
///
/// The file is announced; the server names the offset that it wants; frames follow, and the end; the file has arrived
/// once it is offered to the room. An upload fails when the server found other bytes than announced for the third
/// time, or when the connection was lost for the third time in a row without the server having more.
package struct UploadState: Sendable {
  /// What the upload waits for.
  package enum Phase: Equatable, Sendable {
    /// It is being hashed.
    case preparing
    /// The server has to name the offset.
    case announced
    /// It is being sent, or the server has to offer it.
    case sending
    /// The connection is lost.
    case interrupted
  }

  /// What to do next.
  package enum Step: Equatable, Sendable {
    case nothing
    /// Announce it to the server.
    case announce
    /// Send it from this offset on.
    case send(offset: UInt64)
    /// It has failed, and why.
    case fail(String)
  }

  /// How many bytes the file has, once it is known.
  package private(set) var size: UInt64 = 0
  /// What it waits for.
  package private(set) var phase = Phase.preparing
  /// The server has wanted some of it.
  package private(set) var hasBegun = false
  private var mismatches = 0
  private var losses = 0
  /// How much the server had at the last announcement.
  private var offset: UInt64 = 0

  /// Makes the state of an upload that has not begun.
  package init() {}

  /// The file is opened and hashed.
  package mutating func prepared(size: UInt64) -> Step {
    self.size = size
    phase = .announced
    return .announce
  }

  /// The server says how much of the file it has.
  package mutating func start(offset: UInt64) -> Step {
    guard phase == .announced else { return .nothing }
    guard offset <= size else { return .fail("the server wants more than there is") }
    if offset > self.offset { losses = 0 }
    self.offset = offset
    (phase, hasBegun) = (.sending, true)
    return .send(offset: offset)
  }

  /// The server has found other bytes than were announced.
  package mutating func mismatch() -> Step {
    mismatches += 1
    guard mismatches < DownloadState.attempts else {
      return .fail("what came was not what was sent, three times")
    }
    phase = .announced
    offset = 0
    return .announce
  }

  /// The connection is lost.
  package mutating func interrupt() -> Step {
    guard phase == .announced || phase == .sending else { return .nothing }
    phase = .interrupted
    losses += 1
    return losses < DownloadState.attempts ? .nothing : .fail("the connection was lost too often")
  }

  /// The connection is there again.
  package mutating func resume() -> Step {
    guard phase == .interrupted else { return .nothing }
    phase = .announced
    return .announce
  }
}
