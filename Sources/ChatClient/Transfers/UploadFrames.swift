internal import ChatCore
internal import ChatSystem

/// The files that are being sent: the write thread takes a frame of each in turn. Pure.
struct UploadFrames: Sendable {
  /// One frame to read and to send.
  struct Frame: Sendable {
    /// The sender's name for the upload.
    let token: String
    /// Where its bytes are.
    let file: PreparedFile
    /// From there on.
    let offset: UInt64
    /// How many bytes.
    let count: Int
    /// Whether the frame has to say where it begins.
    let namesOffset: Bool
    /// Whether it is none: all have been sent, and the end is to be said.
    let isEnd: Bool

    /// The line before the bytes, or the end's.
    var header: [UInt8] {
      guard !isEnd else { return TaggedLine("END", "", [.init("id", token)]).encoded() }
      let offset = namesOffset ? [TaggedLine.Attribute("offset", "\(offset)")] : []
      return TaggedLine("DATA", token, offset + [.init("size", "\(count)")]).encoded()
    }
  }

  private struct Source: Sendable {
    let token: String
    let file: PreparedFile
    var offset: UInt64
    var namesOffset: Bool
  }

  private var sources: [Source] = []
  private var turn = 0

  /// Sends a file from there on.
  mutating func add(_ file: PreparedFile, token: String, from offset: UInt64) {
    remove(token)
    sources.append(
      Source(token: token, file: file, offset: offset, namesOffset: offset > 0))
  }

  /// Sends no more of a file.
  mutating func remove(_ token: String) { sources.removeAll { $0.token == token } }

  /// Sends no more of any.
  mutating func removeAll() { sources.removeAll() }

  /// How much of a file has been taken; `nil` if all of it has, or it is none of these.
  func offset(of token: String) -> UInt64? { sources.first { $0.token == token }?.offset }

  /// The next frame; `nil` if there is nothing to send.
  mutating func next() -> Frame? {
    guard !sources.isEmpty else { return nil }
    turn = (turn + 1) % sources.count
    let source = sources[turn]
    let count = Int(min(UInt64(Limits.frameBytes), source.file.size - source.offset))
    // Where the server has all, an empty frame says that it may keep it.
    let isEnd = count == 0 && !source.namesOffset
    let frame = Frame(
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
