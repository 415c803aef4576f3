internal import ChatCore

/// What holds for the bytes that a client sends over one connection.
enum SentBytes {
  /// - Parameter isTyped: a person typed; what comes out of a pipe goes as it is, and could be anything.
  static func check(_ bytes: [UInt8], isTyped: Bool) {
    var framer = LineFramer(limit: 1 << 24)
    framer.feed(bytes.span) { frame in
      switch frame {
      case .line(let line):
        if isTyped { Demands.clean(Array(copying: line), "what the client sends") }
      case .tooLong: break
      case .bytes: break
      case .bytesEnd: break
      }
    }
  }
}
