internal import ChatCore
internal import ChatSystem

/// One frame of a file with its header in front: all the memory that sending files takes.
///
/// Thread: a value; its owner's.
package struct FrameBuffer {
  /// A header is shorter than this.
  private static let headerSpace = 128

  private var bytes: [UInt8]
  private var range = 0..<0

  /// Has space for the largest frame.
  package init() { bytes = [UInt8](repeating: 0, count: Self.headerSpace + Limits.frameBytes) }

  /// Sends header and bytes, waiting as long as it takes.
  func send(to stream: any ClientTransport) throws(SystemError) {
    try stream.sendAll(bytes.span.extracting(range))
  }

  /// Reads a frame's bytes.
  ///
  /// - Returns: false if the file ends before.
  mutating func read(
    _ file: RegularFile, at offset: UInt64, count: Int
  ) throws(SystemError) -> Bool {
    let space = Self.headerSpace..<Self.headerSpace + count
    return try file.read(into: &bytes, space, at: offset) == count
  }

  /// Puts the header right before so many bytes.
  mutating func set(header: [UInt8], count: Int) {
    let start = Self.headerSpace - header.count
    for (index, byte) in header.enumerated() { bytes[start + index] = byte }
    range = start..<Self.headerSpace + count
  }
}
