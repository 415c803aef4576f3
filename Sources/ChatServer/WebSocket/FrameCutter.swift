internal import ChatWebSocket

/// Cuts lines into the frames that carry them: each of at most 16 KiB with its header, ending at a line's end. A line that
/// is longer, or not at its end, goes in several frames of one message.
struct FrameCutter {
  /// A frame and what it carries.
  struct Frame {
    let header: FrameHeader
    let payload: UnsafeRawBufferPointer
  }

  private static let mostPayloadBytes = 16_384 - FrameHeader.mostBytes
  private static let lineFeed = UInt8(ascii: "\n")

  // Safety: the lines stay valid during the call that cuts them.
  private var rest: UnsafeRawBufferPointer
  private var isMidMessage: Bool

  /// - Parameter isMidMessage: whether the first frame goes on with a message that has begun.
  init(_ lines: UnsafeRawBufferPointer, isMidMessage: Bool) {
    (rest, self.isMidMessage) = (lines, isMidMessage)
  }

  /// The next frame; `nil` if all is cut.
  mutating func next() -> Frame? {
    guard !rest.isEmpty else { return nil }
    let most = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.mostPayloadBytes))
    let end = most.last == Self.lineFeed ? most.count - 1 : most.lastIndex(of: Self.lineFeed)
    let payload = UnsafeRawBufferPointer(rebasing: most[..<(end.map { $0 + 1 } ?? most.count)])
    defer {
      rest = UnsafeRawBufferPointer(rebasing: rest[payload.count...])
      isMidMessage = end == nil
    }
    return Frame(
      header: FrameHeader(
        isMidMessage ? .continuation : .text, isFinal: end != nil, payloadBytes: payload.count),
      payload: payload)
  }
}
