/// One thing that `LineFramer` found in a stream of bytes.
public enum LineFrame: ~Copyable, ~Escapable {
  /// A complete line without its LF, and without the CR before it.
  case line(Span<UInt8>)
  /// A line longer than the limit ended here; its bytes were skipped.
  case tooLong
}

/// Cuts a stream of bytes into lines, whatever pieces it arrives in.
///
/// A line that lies whole inside one chunk is handed on as a view of that chunk: nothing is
/// copied. Only the piece of a line that a chunk's end cut off is kept, at most `limit` bytes, and
/// freed as soon as the line is complete; an idle stream therefore holds no memory here.
/// No byte is scanned twice.
///
/// Thread: a value; its owner's.
public struct LineFramer: Sendable {
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  /// The longest line accepted, in bytes with its LF.
  public let limit: Int

  /// The beginning of a line whose LF has not come yet. Never holds an LF.
  private var partial: [UInt8] = []

  /// The line that is coming in is over the limit: everything up to its LF is dropped.
  private var isSkipping = false

  /// Makes a framer.
  ///
  /// - Parameter limit: the longest line accepted, in bytes with its LF.
  public init(limit: Int) {
    self.limit = limit
  }

  /// Whether the stream stands inside a line.
  public var isMidLine: Bool { isSkipping || !partial.isEmpty }

  /// Takes the next bytes of the stream and hands over each line they complete, in order.
  public mutating func feed<Failure: Error>(
    _ chunk: Span<UInt8>, _ body: (borrowing LineFrame) throws(Failure) -> Void
  ) throws(Failure) {
    var start = 0
    while let end = Self.indexOfLineFeed(in: chunk, from: start) {
      let piece = chunk.extracting(start..<end)
      start = end + 1
      if isSkipping {
        isSkipping = false
        try body(.tooLong)
      } else if partial.count + piece.count + 1 > limit {
        partial = []
        try body(.tooLong)
      } else if partial.isEmpty {
        try body(.line(piece.extracting(0..<Self.length(of: piece))))
      } else {
        var whole = partial
        partial = []
        whole.append(piece)
        try body(.line(whole.span.extracting(0..<Self.length(of: whole.span))))
      }
    }
    keep(chunk.extracting(start..<chunk.count))
  }

  /// The stream has ended: hands over a last line that had no LF, if there is one.
  public mutating func finish<Failure: Error>(
    _ body: (borrowing LineFrame) throws(Failure) -> Void
  ) throws(Failure) {
    if isSkipping {
      isSkipping = false
      try body(.tooLong)
    } else if !partial.isEmpty {
      let whole = partial
      partial = []
      try body(.line(whole.span.extracting(0..<Self.length(of: whole.span))))
    }
  }

  private mutating func keep(_ rest: Span<UInt8>) {
    guard !rest.isEmpty, !isSkipping else { return }
    // A line of `limit` bytes has its LF as the last of them: `limit` bytes without one are too many.
    if partial.count + rest.count >= limit {
      partial = []
      isSkipping = true
    } else {
      partial.append(rest)
    }
  }

  /// How many bytes of the line are text: not the CR that may end it.
  private static func length(of line: Span<UInt8>) -> Int {
    guard let last = line.indices.last, line[last] == carriageReturn else { return line.count }
    return last
  }

  private static func indexOfLineFeed(in bytes: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    while index < bytes.count {
      if bytes[index] == lineFeed { return index }
      index += 1
    }
    return nil
  }
}

extension [UInt8] {
  /// Appends bytes that lie elsewhere, in one copy.
  mutating func append(_ bytes: Span<UInt8>) {
    // Sound: the pointer is used inside the closure alone, and the array copies what it points to.
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
