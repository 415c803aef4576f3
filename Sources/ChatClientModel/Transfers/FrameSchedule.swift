internal import ChatCore

/// Which frame of which file is sent next: one of each file in turn. Pure.
///
/// `File` is whatever the caller reads the bytes from.
package struct FrameSchedule<File: Sendable>: Sendable {
  private struct Source: Sendable {
    let token: String
    let file: File
    let size: UInt64
    var offset: UInt64
    var namesOffset: Bool
  }

  private var sources: [Source] = []
  private var turn = 0

  /// Makes an empty schedule.
  package init() {}

  /// Sends a file of so many bytes, from `offset` on.
  package mutating func add(_ file: File, size: UInt64, token: String, from offset: UInt64) {
    remove(token)
    sources.append(
      Source(token: token, file: file, size: size, offset: offset, namesOffset: offset > 0))
  }

  /// Sends no more of a file.
  package mutating func remove(_ token: String) { sources.removeAll { $0.token == token } }

  /// Sends no more of any file.
  package mutating func removeAll() { sources.removeAll() }

  /// The offset of a file's next frame; `nil` if all frames have been taken, or the token is unknown.
  package func offset(of token: String) -> UInt64? { sources.first { $0.token == token }?.offset }

  /// Takes the next frame; `nil` if there is nothing to send.
  package mutating func next() -> UploadFrame<File>? {
    guard !sources.isEmpty else { return nil }
    turn = (turn + 1) % sources.count
    let source = sources[turn]
    let count = Int(min(UInt64(Limits.frameBytes), source.size - source.offset))
    // If the server has all bytes already, an empty frame asks it to commit the file.
    let isEnd = count == 0 && !source.namesOffset
    let frame = UploadFrame(
      token: source.token, file: source.file, offset: source.offset, count: count,
      namesOffset: source.namesOffset, isEnd: isEnd)
    if isEnd {
      sources.remove(at: turn)
    } else {
      sources[turn].offset += UInt64(count)
      sources[turn].namesOffset = false
    }
    return frame
  }
}

/// One frame of a file to read and send, or the line that ends the file.
package struct UploadFrame<File: Sendable>: Sendable {
  /// The client's token for the upload.
  package let token: String
  /// Where its bytes are.
  package let file: File
  /// The offset of its first byte.
  package let offset: UInt64
  /// How many bytes it has.
  package let count: Int
  /// Whether its header has to name the offset.
  let namesOffset: Bool
  /// Whether all bytes have been sent: this is the end line.
  package let isEnd: Bool

  /// The line before the bytes, or the end line, with its LF.
  package var header: [UInt8] {
    guard !isEnd else { return TaggedLine("END", "", [.init("id", token)]).encoded() }
    let offset = namesOffset ? [TaggedLine.Attribute("offset", "\(offset)")] : []
    return TaggedLine("DATA", token, offset + [.init("size", "\(count)")]).encoded()
  }
}
