internal import ChatCore

/// What a framer makes of a stream, in a form that can be compared: pieces of raw bytes are joined.
enum FramedItem: Equatable {
  case line([UInt8])
  case tooLong
  case bytes([UInt8])
  case bytesEnd
}

/// Feeds a stream to a framer in pieces.
struct FramedStream {
  private var framer: LineFramer
  private let payload: (Span<UInt8>) -> Payload?
  private(set) var items: [FramedItem] = []

  /// - Parameter payload: what follows a line.
  init(limit: Int, payload: @escaping (Span<UInt8>) -> Payload?) {
    framer = LineFramer(limit: limit)
    self.payload = payload
  }

  mutating func feed(_ piece: ArraySlice<UInt8>) {
    let limit = framer.limit
    framer.feedMixed(piece.span) { frame in
      switch frame {
      case .line(let line):
        demand(line.count < limit, "a line of \(line.count) bytes")
        items.append(.line(Array(copying: line)))
        return payload(line)
      case .tooLong: items.append(.tooLong)
      case .bytes(let bytes):
        demand(!bytes.isEmpty, "no raw bytes")
        if case .bytes(let before) = items.last {
          items[items.count - 1] = .bytes(before + Array(copying: bytes))
        } else {
          items.append(.bytes(Array(copying: bytes)))
        }
      case .bytesEnd: items.append(.bytesEnd)
      }
      return nil
    }
  }

  mutating func finish() {
    framer.finish { frame in
      switch frame {
      case .line(let line): items.append(.line(Array(copying: line)))
      case .tooLong: items.append(.tooLong)
      case .bytes: demand(false, "raw bytes after the end")
      case .bytesEnd: demand(false, "raw bytes after the end")
      }
    }
  }

  /// Feeds the whole stream at once, in pieces, and byte by byte: all must come to the same.
  static func items(
    of stream: [UInt8], seed: UInt64, limit: Int, payload: @escaping (Span<UInt8>) -> Payload?
  ) -> [FramedItem] {
    var whole = FramedStream(limit: limit, payload: payload)
    whole.feed(stream[...])
    whole.finish()
    var inPieces = FramedStream(limit: limit, payload: payload)
    var pieces = Pieces(seed: seed)
    pieces.each(of: stream) { inPieces.feed($0) }
    inPieces.finish()
    demand(inPieces.items == whole.items, "pieces make a difference")
    if stream.count <= 512 {
      var byByte = FramedStream(limit: limit, payload: payload)
      for index in stream.indices { byByte.feed(stream[index...index]) }
      byByte.finish()
      demand(byByte.items == whole.items, "single bytes make a difference")
    }
    return whole.items
  }
}

extension [UInt8] {
  /// The bytes of a view.
  init(copying bytes: Span<UInt8>) {
    // Sound: the pointer is used inside the closure alone, and the array copies what it points to.
    self = bytes.withUnsafeBufferPointer { Array($0) }
  }
}
