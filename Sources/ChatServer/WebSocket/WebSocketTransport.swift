internal import ChatCore
package import ChatSystem
internal import ChatWebSocket

/// A WebSocket over a connection, TCP or TLS: the lines go in text messages, whole ones in each.
///
/// Towards the client a slice of lines becomes frames of at most 16 KiB that end at a line's end, each a header and the
/// slice's own bytes, several in one call of the system: nothing is copied. What the system takes only in part is
/// accepted up to the end of that frame; the rest of it is held, and goes out before anything else (`Transport`).
///
/// From the client each message is one or more lines; a missing last LF is added. Pings are answered by the thread that receives,
/// under the lock of sending.
///
/// Thread: as any `Transport`.
package final class WebSocketTransport: Transport {
  /// Limit: of a message from a client.
  package static let mostMessageBytes = 65_536
  /// Limit: of control and empty frames in a second. They cost work, and nothing of the rate.
  private static let mostIdleFrames = 100
  /// Header and payload of a frame: one TLS record.
  private static let frameBytes = 16_384
  /// So many frames go in one call.
  private static let framesAtOnce = 16
  /// Limit: of bytes that are held. Pongs beyond are left out.
  private static let mostHeldBytes = 2 * frameBytes
  private static let lineFeed = UInt8(ascii: "\n")

  /// What is known of sending, under the lock.
  private struct Sending {
    /// Bytes of frames that have begun, or of control frames, which the system has not taken.
    var held: ArraySlice<UInt8> = []
    /// A message has begun whose last frame was not the end of a line.
    var isMidMessage = false
    /// The close frame is sent, or held: nothing follows.
    var hasSaidEnd = false
    /// The carrier's side is to be ended once nothing is held.
    var isEnding = false
  }

  /// What is known of receiving. Confined to the thread that receives.
  private final class Receiving: @unchecked Sendable {
    // Safety: `Transport` has one thread receive.
    var reader = FrameReader(mostMessageBytes: WebSocketTransport.mostMessageBytes)
    /// What came with the request.
    var first: ArraySlice<UInt8>
    /// The last byte of the message so far.
    var last: UInt8 = 0
    /// A line feed that found no place.
    var owesLineFeed = false
    var isAtEnd = false
    var hasCarrierEnded = false
    /// The second in which idle frames are counted, and how many there were.
    var (second, idleFrames): (Int64, Int) = (0, 0)

    init(_ first: ArraySlice<UInt8>) { self.first = first }
  }

  private let carrier: any Transport
  /// The same where it takes several pieces in one call.
  private let socket: TCPTransport?
  private let sending = Guarded(Sending())
  private let receiving: Receiving
  /// How the client wanted it to end, or what it did wrong.
  private let peerCode = Guarded<CloseCode?>(nil)

  /// Takes over a connection whose request has been answered.
  ///
  /// - Parameter first: what the client has sent behind its request.
  package init(over carrier: any Transport, first: ArraySlice<UInt8> = []) {
    (self.carrier, socket) = (carrier, carrier as? TCPTransport)
    receiving = Receiving(first)
  }

  package var number: CInt { carrier.number }

  // MARK: Receiving

  package var hasBufferedInput: Bool {
    receiving.owesLineFeed || !receiving.first.isEmpty || receiving.isAtEnd
      || carrier.hasBufferedInput
  }

  package var hasOpenInput: Bool { !receiving.hasCarrierEnded }

  package func waitUntilReadable(for timeout: Duration?) throws(SystemError) -> Bool {
    if hasBufferedInput { return true }
    return try carrier.waitUntilReadable(for: timeout)
  }

  /// Receives what messages carry; `wouldBlock` also where what has come carries nothing.
  package func receiveIfReady(into buffer: inout [UInt8]) throws(SystemError) -> Received {
    if receiving.owesLineFeed {
      receiving.owesLineFeed = false
      buffer[0] = Self.lineFeed
      return .bytes(1)
    }
    if receiving.isAtEnd {
      // What still comes is dropped: closing a socket that has unread input resets the connection.
      if case .end? = try? carrier.receiveIfReady(into: &buffer) {
        receiving.hasCarrierEnded = true
      }
      return .end
    }
    let received: Int
    if receiving.first.isEmpty {
      switch try carrier.receiveIfReady(into: &buffer) {
      case .bytes(let count): received = count
      case .end:
        (receiving.isAtEnd, receiving.hasCarrierEnded) = (true, true)
        return .end
      case .wouldBlock(let readiness): return .wouldBlock(readiness)
      }
    } else {
      let part = receiving.first.prefix(buffer.count)
      buffer.replaceSubrange(0..<part.count, with: part)
      receiving.first = receiving.first.dropFirst(part.count)
      received = part.count
    }
    let count = read(&buffer, received)
    if count > 0 { return .bytes(count) }
    return receiving.isAtEnd ? .end : .wouldBlock(.readable)
  }

  /// Reads frames, and moves what messages carry to the beginning of the buffer.
  ///
  /// - Returns: how many bytes that is.
  private func read(_ buffer: inout [UInt8], _ received: Int) -> Int {
    var space = buffer.mutableSpan
    var (position, count) = (0, 0)
    do throws(FrameReader.Violation) {
      while !receiving.isAtEnd,
        let event = try receiving.reader.next(in: &space, from: &position, to: received)
      {
        switch event {
        case .payload(let part):
          endLine(&space, &count, before: part.lowerBound)
          if count < part.lowerBound {
            for offset in 0..<part.count { space[count + offset] = space[part.lowerBound + offset] }
          }
          count += part.count
          receiving.last = space[count - 1]
        case .messageEnd:
          endLine(&space, &count, before: position)
          receiving.owesLineFeed = receiving.last != Self.lineFeed
          receiving.last = 0
        case .ping(let payload):
          if countIdleFrame() { say(FrameHeader.controlFrame(.pong, payload)) }
        case .pong, .emptyFrame: _ = countIdleFrame()
        case .close(let code): end(because: code ?? .normal)
        }
      }
    } catch {
      end(because: error.code)
    }
    endLine(&space, &count, before: position)
    return count
  }

  /// Ends a message's last line, where there is place before what has not been moved yet: a message has a header, so there
  /// is but for one whose header came before.
  private func endLine(_ space: inout MutableSpan<UInt8>, _ count: inout Int, before limit: Int) {
    guard receiving.owesLineFeed, count < limit else { return }
    receiving.owesLineFeed = false
    space[count] = Self.lineFeed
    count += 1
  }

  /// - Returns: false if there were too many.
  private func countIdleFrame() -> Bool {
    let second = MonotonicTime.now.nanoseconds / 1_000_000_000
    if second != receiving.second { (receiving.second, receiving.idleFrames) = (second, 0) }
    receiving.idleFrames += 1
    guard receiving.idleFrames > Self.mostIdleFrames else { return true }
    end(because: .policyViolation)
    return false
  }

  /// Nothing more is received.
  private func end(because code: CloseCode) {
    receiving.isAtEnd = true
    peerCode.withLock { $0 = $0 ?? code }
  }

  package func waitUntilEnded(for timeout: Duration) -> Bool {
    carrier.waitUntilEnded(for: timeout)
  }

  package func keepUnreadBytes(below limit: CInt) { carrier.keepUnreadBytes(below: limit) }

  // MARK: Sending

  package func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Sent {
    try sending.withLock { state throws(SystemError) -> Sent in
      if let readiness = try flush(&state) { return Sent(0, blockedOn: readiness) }
      // Nothing follows a close frame (RFC 6455, section 5.5.1).
      guard !state.hasSaidEnd else { return Sent(bytes.count) }
      var sent = 0
      while sent < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        let part: Sent
        if let socket {
          part = try sendFrames(of: rest, over: socket, &state)
        } else {
          part = try sendFrame(of: rest, &state)
        }
        sent += part.count
        if let readiness = part.blockedOn { return Sent(sent, blockedOn: readiness) }
      }
      return Sent(sent)
    }
  }

  /// Sends frames from the beginning of lines, as many as one call takes.
  private func sendFrames(
    of lines: UnsafeRawBufferPointer, over socket: TCPTransport, _ state: inout Sending
  ) throws(SystemError) -> Sent {
    var frames = FrameCutter(lines, isMidMessage: state.isMidMessage)
    var headers = InlineArray<160, UInt8>(repeating: 0)
    var pieces = InlineArray<32, UnsafeRawBufferPointer>(
      repeating: UnsafeRawBufferPointer(start: nil, count: 0))
    var space = headers.mutableSpan
    return try space.withUnsafeMutableBytes { headers throws(SystemError) -> Sent in
      var count = 0
      while count < Self.framesAtOnce, let frame = frames.next() {
        let header = UnsafeMutableRawBufferPointer(
          rebasing: headers[(count * FrameHeader.mostBytes)..<((count + 1) * FrameHeader.mostBytes)]
        )
        var space = header.bindMemory(to: UInt8.self).mutableSpan
        let length = frame.header.encode(into: &space)
        pieces[2 * count] = UnsafeRawBufferPointer(rebasing: header[..<length])
        pieces[2 * count + 1] = frame.payload
        count += 1
      }
      let taken = try socket.send(pieces: pieces.span.extracting(0..<(2 * count)))
      return commit(pieces.span.extracting(0..<(2 * count)), taken, &state)
    }
  }

  /// Accepts the frames that have begun to be sent, and holds what is left of the last one.
  private func commit(
    _ pieces: Span<UnsafeRawBufferPointer>, _ taken: Int, _ state: inout Sending
  ) -> Sent {
    var (left, accepted) = (taken, 0)
    for index in stride(from: 0, to: pieces.count, by: 2) {
      let (header, payload) = (pieces[index], pieces[index + 1])
      guard left > 0 else { return Sent(accepted, blockedOn: .writable) }
      accepted += payload.count
      state.isMidMessage = payload.last != Self.lineFeed
      let missing = header.count + payload.count - left
      guard missing <= 0 else {
        state.held = [UInt8](header.dropFirst(left))[...]
        state.held += payload.dropFirst(max(0, left - header.count))
        return Sent(accepted, blockedOn: .writable)
      }
      left = -missing
    }
    return Sent(accepted)
  }

  /// Sends a frame in one piece: over TLS, that is one record.
  private func sendFrame(
    of lines: UnsafeRawBufferPointer, _ state: inout Sending
  ) throws(SystemError) -> Sent {
    var frames = FrameCutter(lines, isMidMessage: state.isMidMessage)
    guard let frame = frames.next() else { return Sent(0) }
    var bytes = [UInt8](repeating: 0, count: FrameHeader.mostBytes)
    var space = bytes.mutableSpan
    let length = frame.header.encode(into: &space)
    bytes.removeLast(FrameHeader.mostBytes - length)
    bytes += frame.payload
    let sent = try bytes.span.withUnsafeBytes { bytes throws(SystemError) in try carrier.send(bytes)
    }
    guard sent.count > 0 else { return sent }
    state.isMidMessage = frame.payload.last != Self.lineFeed
    // An empty slice would keep all of it.
    if sent.count < bytes.count { state.held = bytes[sent.count...] }
    return Sent(frame.payload.count, blockedOn: sent.blockedOn)
  }

  package func flush() throws(SystemError) -> Readiness? {
    try sending.withLock { state throws(SystemError) -> Readiness? in try flush(&state) }
  }

  private func flush(_ state: inout Sending) throws(SystemError) -> Readiness? {
    while !state.held.isEmpty {
      let sent = try state.held.span.withUnsafeBytes { bytes throws(SystemError) in
        try carrier.send(bytes)
      }
      state.held = state.held.dropFirst(sent.count)
      if let readiness = sent.blockedOn { return readiness }
    }
    state.held = []
    if let readiness = try carrier.flush() { return readiness }
    if state.isEnding {
      state.isEnding = false
      carrier.shutdownWriting()
    }
    return nil
  }

  /// Sends a control frame if the system takes it now, or holds it.
  private func say(_ frame: [UInt8], isEnd: Bool = false) {
    sending.withLock { state in
      guard !state.hasSaidEnd, isEnd || state.held.count < Self.mostHeldBytes else { return }
      state.hasSaidEnd = isEnd
      state.held += frame
      // What fails here fails for whoever sends next.
      _ = try? flush(&state)
    }
  }

  // MARK: How it is

  package var unacknowledgedBytes: Int {
    carrier.unacknowledgedBytes + sending.withLock { $0.held.count }
  }

  package var acknowledgedBytes: UInt64 { carrier.acknowledgedBytes }

  package var isDelivered: Bool {
    carrier.isBroken || carrier.isDelivered && sending.withLock { $0.held.isEmpty }
  }

  package var isBroken: Bool { carrier.isBroken }

  // MARK: Ending

  /// Sends a close frame (RFC 6455, section 5.5.1): with the code that the client gave or earned, where it was first.
  package func sayEnd(_ end: StreamEnd) {
    let code: CloseCode =
      switch end {
      case .wanted: .normal
      case .goingAway: .goingAway
      case .refused: .policyViolation
      case .tooSlow: .internalError
      }
    say(FrameHeader.closeFrame(peerCode.withLock { $0 } ?? code), isEnd: true)
  }

  package func shutdownReading() { carrier.shutdownReading() }

  package func shutdownWriting() {
    sayEnd(.wanted)
    sending.withLock { state in
      state.isEnding = true
      _ = try? flush(&state)
    }
  }

  package func shutdownBoth() { carrier.shutdownBoth() }
}
