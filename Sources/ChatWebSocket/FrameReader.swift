/// Reads the frames that a client sends (RFC 6455), from bytes that come in any pieces. Pure.
///
/// The bytes stay where they are: what a message carries is unmasked in place, and told by its place. Nothing is
/// allocated but for what control frames carry, at most 125 bytes. No extension is understood.
package struct FrameReader: Sendable {
  /// What was found in the bytes.
  package enum Event: Sendable, Equatable {
    /// A part of a message, unmasked, at this place in the bytes.
    case payload(Range<Int>)
    /// The message ends.
    case messageEnd(isText: Bool)
    case ping([UInt8])
    case pong
    /// The client ends the connection; `nil` where it gives no reason.
    case close(CloseCode?)
    /// A frame that carried nothing and ended nothing.
    case emptyFrame
  }

  /// What a client must not send: the code that the connection ends with.
  package struct Violation: Error, Sendable, Equatable {
    package let code: CloseCode
    /// For the log.
    package let reason: StaticString

    init(_ code: CloseCode, _ reason: StaticString) { (self.code, self.reason) = (code, reason) }

    init(_ reason: StaticString) { self.init(.protocolError, reason) }

    package static func == (one: Violation, other: Violation) -> Bool { one.code == other.code }
  }

  /// A frame whose header is read.
  private struct Frame {
    let opcode: FrameHeader.Opcode
    let isFinal: Bool
    var mask: UInt32
    var leftBytes: Int
  }

  /// Limit: of a header: 2 bytes, 8 of length, 4 of the mask.
  private static let mostHeaderBytes = 14

  private let mostMessageBytes: Int
  private let allowsBinary: Bool

  private var header = InlineArray<14, UInt8>(repeating: 0)
  private var headerCount = 0
  private var frame: Frame?
  /// What a control frame has carried so far.
  private var control: [UInt8] = []
  /// The message that has begun and not ended.
  private var message: FrameHeader.Opcode?
  private var messageBytes = 0
  private var text = UTF8Check()

  /// - Parameters:
  ///   - mostMessageBytes: what a message carries at most, in all of its frames.
  ///   - allowsBinary: whether messages need not be text.
  package init(mostMessageBytes: Int, allowsBinary: Bool = false) {
    (self.mostMessageBytes, self.allowsBinary) = (mostMessageBytes, allowsBinary)
  }

  /// Reads on.
  ///
  /// - Parameters:
  ///   - bytes: what has come. What was told of it is not looked at again.
  ///   - position: where to go on; it is moved.
  ///   - end: where the bytes end.
  /// - Returns: what was found first; `nil` if all bytes are read.
  package mutating func next(
    in bytes: inout MutableSpan<UInt8>, from position: inout Int, to end: Int
  ) throws(Violation) -> Event? {
    while true {
      if let current = frame {
        if current.leftBytes == 0 {
          frame = nil
          if let event = try self.end(of: current) { return event }
          continue
        }
        guard position < end else { return nil }
        if let event = try take(current, &bytes, &position, end) { return event }
        continue
      }
      guard position < end else { return nil }
      header[headerCount] = bytes[position]
      (headerCount, position) = (headerCount + 1, position + 1)
      guard headerCount >= 2, headerCount >= (try headerBytes()) else { continue }
      frame = try begin()
      headerCount = 0
      if isIdle() { return .emptyFrame }
    }
  }

  // MARK: Headers

  /// How long the header is, told by its first two bytes, which are checked.
  private func headerBytes() throws(Violation) -> Int {
    guard header[0] & 0x70 == 0 else { throw Violation("a reserved bit is set") }
    guard header[1] & 0x80 != 0 else { throw Violation("a frame is not masked") }
    guard let opcode = FrameHeader.Opcode(rawValue: header[0] & 0x0F) else {
      throw Violation("an unknown opcode")
    }
    let length = header[1] & 0x7F
    if opcode.isControl {
      guard header[0] & 0x80 != 0 else { throw Violation("a control frame is fragmented") }
      guard length < 126 else { throw Violation("a control frame is too long") }
    }
    return 6 + (length == 126 ? 2 : length == 127 ? 8 : 0)
  }

  private mutating func begin() throws(Violation) -> Frame {
    guard let opcode = FrameHeader.Opcode(rawValue: header[0] & 0x0F) else {
      throw Violation("an unknown opcode")
    }
    let isFinal = header[0] & 0x80 != 0
    let short = header[1] & 0x7F
    let lengthBytes = short == 126 ? 2 : short == 127 ? 8 : 0
    var length = UInt64(short)
    if lengthBytes > 0 {
      length = 0
      for index in 0..<lengthBytes { length = length << 8 | UInt64(header[2 + index]) }
      guard length < 1 << 63, length > (lengthBytes == 2 ? 125 : 65_535) else {
        throw Violation("a length is not minimal, or too large for any")
      }
    }
    var mask: UInt32 = 0
    for index in 0..<4 { mask |= UInt32(header[2 + lengthBytes + index]) << UInt32(8 * index) }
    try beginMessage(opcode, length)
    return Frame(opcode: opcode, isFinal: isFinal, mask: mask, leftBytes: Int(length))
  }

  private mutating func beginMessage(
    _ opcode: FrameHeader.Opcode, _ length: UInt64
  ) throws(Violation) {
    switch opcode {
    case .close, .ping, .pong:
      control.removeAll(keepingCapacity: true)
      return
    case .continuation:
      guard message != nil else { throw Violation("nothing is there to be continued") }
    case .text, .binary:
      guard message == nil else { throw Violation("a message begins within another") }
      guard opcode == .text || allowsBinary else {
        throw Violation(.unsupportedData, "a binary message")
      }
      (message, messageBytes, text) = (opcode, 0, UTF8Check())
    }
    guard length <= UInt64(mostMessageBytes - messageBytes) else {
      throw Violation(.messageTooBig, "a message is too large")
    }
    messageBytes += Int(length)
  }

  /// Whether the frame whose header was read carries nothing and ends nothing; then it is over.
  private mutating func isIdle() -> Bool {
    guard let current = frame, current.leftBytes == 0, !current.isFinal else { return false }
    frame = nil
    return true
  }

  // MARK: Payloads

  /// Takes what has come of a frame that is not at its end.
  private mutating func take(
    _ frame: Frame, _ bytes: inout MutableSpan<UInt8>, _ position: inout Int, _ end: Int
  ) throws(Violation) -> Event? {
    var current = frame
    let part = position..<min(end, position + current.leftBytes)
    var mask = current.mask
    for index in part {
      bytes[index] ^= UInt8(truncatingIfNeeded: mask)
      mask = mask >> 8 | mask << 24
    }
    current.mask = mask
    current.leftBytes -= part.count
    self.frame = current
    position = part.upperBound
    if current.opcode.isControl {
      for index in part { control.append(bytes[index]) }
      return nil
    }
    if message == .text {
      guard text.take(bytes.span.extracting(part)) else {
        throw Violation(.invalidText, "a text message is no UTF-8")
      }
    }
    return .payload(part)
  }

  /// What a frame that was read to its end means; `nil` if its message goes on.
  private mutating func end(of frame: Frame) throws(Violation) -> Event? {
    switch frame.opcode {
    case .ping: return .ping(control)
    case .pong: return .pong
    case .close: return .close(try closeCode())
    case .continuation, .text, .binary:
      guard frame.isFinal else { return nil }
      let isText = message == .text
      message = nil
      guard !isText || text.isComplete else {
        throw Violation(.invalidText, "a text message ends within a character")
      }
      return .messageEnd(isText: isText)
    }
  }

  private func closeCode() throws(Violation) -> CloseCode? {
    guard !control.isEmpty else { return nil }
    guard control.count >= 2 else { throw Violation("half a close code") }
    let code = CloseCode(rawValue: UInt16(control[0]) << 8 | UInt16(control[1]))
    guard code.isAllowedOnTheWire else { throw Violation("a close code that means nothing") }
    var reason = UTF8Check()
    guard reason.take(control.span.extracting(2...)), reason.isComplete else {
      throw Violation(.invalidText, "a close reason is no UTF-8")
    }
    return code
  }
}
