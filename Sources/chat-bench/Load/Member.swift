import ChatSystem

/// One connection of a swarm, and what it has received.
///
/// Thread: its swarm's.
final class Member {
  /// How far it is.
  enum Phase {
    /// It waits for the first marker, after which nobody comes any more.
    case entering
    /// It waits for the second: what lies between is one text, and says how many bytes that is.
    case calibrating
    case counting
  }

  let index: Int
  /// Which room it is in.
  let room: Int
  let stream: TCPTransport

  /// What it has yet to send, from `sentBytes` on.
  var output: [UInt8] = []
  var sentBytes = 0
  var hasSent: Bool { sentBytes == output.count }

  var phase = Phase.entering
  /// What came while it looked for a marker.
  var early: [UInt8] = []
  /// Bytes received since it counts.
  var bytes = 0
  /// LFs received since it counts, where bytes say nothing.
  var lines = 0
  /// Looks at each text; `nil` for members of whom the bytes alone are counted.
  var check: OrderCheck?

  /// It does not read, unless told to.
  var isPaused = false
  /// The last bytes that it received, if it is paused.
  var tail: [UInt8] = []
  /// The last of its lines, as far as `tail` has it.
  var lastLine: String {
    String(decoding: tail.split(separator: UInt8(ascii: "\n")).last ?? [], as: UTF8.self)
  }
  /// The server has closed it.
  var isClosed = false
  /// What its swarm waits for.
  var interest: ReadinessSet.Interest = []

  init(index: Int, room: Int, stream: TCPTransport) {
    self.index = index
    self.room = room
    self.stream = stream
  }
}
