internal import ChatCore

/// What holds for the bytes that a client sends over one connection.
enum SentBytes {
  /// - Parameter isTyped: a person typed; what comes out of a pipe goes as it is, and could be anything.
  /// - Returns: how many files were sent to their end.
  static func check(_ bytes: [UInt8], isTyped: Bool) -> Int {
    var ended = 0
    var framer = LineFramer(limit: 1 << 24)
    framer.feedMixed(bytes.span) { frame in
      switch frame {
      case .line(let line):
        if isTyped { Demands.clean(Array(copying: line), "what the client sends") }
        let asked = try? ClientLine(line)
        if case .fileEnd = asked { ended += 1 }
        guard case .data(_, _, let size) = asked else { return nil }
        demand(!isTyped || size <= UInt64(Limits.frameBytes), "a frame of \(size) bytes")
        return .counted(min(size, UInt64(Limits.frameBytes)))
      case .tooLong: break
      case .bytes: break
      case .bytesEnd: break
      }
      return nil
    }
    return ended
  }
}
