import ChatSystem

/// One connection of a swarm, and what it has received.
///
/// Confined to its swarm's thread.
final class Member {
  /// The phase it is in.
  enum Phase {
    /// It waits for the first marker, after which nobody joins any more.
    case entering
    /// It waits for the second: the bytes in between are one text, whose length they give.
    case calibrating
    case counting
  }

  let index: Int
  /// The index of its room.
  let room: Int
  let stream: any LoadTransport
  /// Its bytes have to be decrypted to be counted.
  let isEncrypted: Bool
  /// Takes the frames off what it receives; `nil` where there are none.
  var frames: FrameSkipper?

  /// What it has to send, from `sentBytes`.
  var output: [UInt8] = []
  var sentBytes = 0
  /// The last of it waits, encrypted, until the system takes it.
  var isHeld = false
  var hasSent: Bool { sentBytes == output.count && !isHeld }

  var phase = Phase.entering
  /// What arrived while it waited for a marker.
  var early: [UInt8] = []
  /// Bytes received since it counts, without frames.
  var bytes = 0
  /// LFs received since it counts, for servers whose bytes cannot be counted.
  var lines = 0
  /// Checks each text; `nil` for members whose bytes are only counted.
  var check: OrderCheck?

  /// It reads only on request.
  var isPaused = false
  /// The last bytes that it received, if it is paused.
  var tail: [UInt8] = []
  /// The last of its lines, as far as `tail` has it.
  var lastLine: String {
    String(decoding: tail.split(separator: UInt8(ascii: "\n")).last ?? [], as: UTF8.self)
  }
  /// The server has disconnected it.
  var isClosed = false
  /// What its swarm waits for.
  var interest: ReadinessSet.Interest = []

  /// Takes over a connection that is in the room.
  init(index: Int, room: Int, _ connection: LineConnection) {
    self.index = index
    self.room = room
    stream = connection.stream
    frames = connection.frames
    early = connection.rest
    isEncrypted = !(stream is TCPTransport)
  }
}
