/// One thing that `LineFramer` found in a stream of bytes.
public enum LineFrame: ~Copyable, ~Escapable {
  /// A complete line without its LF, and without the CR before it.
  case line(Span<UInt8>)
  /// A line longer than the limit ended here; its bytes were skipped.
  case tooLong
  /// Some of the raw bytes that follow a line, in order; never none.
  case bytes(Span<UInt8>)
  /// The raw bytes that follow a line have ended.
  case bytesEnd
}

/// The raw bytes that follow a line, and are not split into lines.
public enum Payload: Sendable, Equatable {
  /// So many.
  case counted(UInt64)
  /// All before the first `<END>` LF, wherever in a line it stands; after a line that itself ended with CR LF, before
  /// `<END>` CR LF, too.
  case terminated
}

/// Cuts a stream of bytes into lines, whatever pieces it arrives in.
///
/// A line that lies whole inside one chunk is handed on as a view of that chunk: nothing is
/// copied. Only the piece of a line that a chunk's end cut off is kept, at most `limit` bytes, and
/// freed as soon as the line is complete; an idle stream therefore holds no memory here.
/// No byte is scanned twice. Raw bytes that follow a line are handed on as they come, and never kept.
///
/// Thread: a value; its owner's.
public struct LineFramer: Sendable {
  /// What ends a payload that is not counted, before the LF; the CR is part of it only where lines end so. Its first
  /// byte occurs in it once, so where it does not go on it can only start over.
  private static let terminator = Array("<END>\r".utf8)
  /// How many of these bytes stand before an LF without CR.
  private static let bareTerminatorCount = 5

  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  /// The longest line accepted, in bytes with its LF.
  public let limit: Int

  /// The beginning of a line whose LF has not come yet. Never holds an LF.
  private var partial: [UInt8] = []

  /// The line that is coming in is over the limit: everything up to its LF is dropped.
  private var isSkipping = false

  /// Raw bytes come now; of counted ones, so many are left.
  private var payload: Payload?

  /// The last line ended with CR LF.
  private var hadCarriageReturn = false

  /// How many of the terminator's bytes came last: they are not handed on before it is known what they are.
  private var terminatorBytes = 0

  /// A telnet program is at the other end: where CR LF may end raw bytes, CR NUL may, too. In lines it is for
  /// `FirstBytes` to replace.
  public var isTelnet = false

  /// Makes a framer.
  ///
  /// - Parameter limit: the longest line accepted, in bytes with its LF.
  public init(limit: Int) {
    self.limit = limit
  }

  /// Whether the stream stands inside a line.
  public var isMidLine: Bool { isSkipping || !partial.isEmpty }

  /// How many of the next bytes certainly are raw ones, and no lines; 0 if a line comes next.
  public func payloadCount(in chunk: Span<UInt8>) -> Int {
    switch payload {
    case .counted(let count): Int(min(count, UInt64(chunk.count)))
    case .terminated:
      chunk.indices.first {
        chunk[$0] == Self.lineFeed || chunk[$0] == 0 && isTelnet && hadCarriageReturn
      }.map { $0 + 1 } ?? chunk.count
    case nil: 0
    }
  }

  /// Takes the next bytes of the stream and hands over each line they complete, in order.
  public mutating func feed<Failure: Error>(
    _ chunk: Span<UInt8>, _ body: (borrowing LineFrame) throws(Failure) -> Void
  ) throws(Failure) {
    try feedMixed(chunk) { frame throws(Failure) in
      try body(frame)
      return nil
    }
  }

  /// The same for a stream whose lines announce raw bytes: what `body` returns for a line follows that line.
  public mutating func feedMixed<Failure: Error>(
    _ chunk: Span<UInt8>, _ body: (borrowing LineFrame) throws(Failure) -> Payload?
  ) throws(Failure) {
    var start = 0
    while true {
      if payload != nil {
        try take(chunk, &start, body)
        guard payload == nil else { return }
      }
      guard let end = chunk.indexOfLineFeed(from: start) else { break }
      let piece = chunk.extracting(start..<end)
      start = end + 1
      if isSkipping {
        isSkipping = false
        _ = try body(.tooLong)
      } else if partial.count + piece.count + 1 > limit {
        partial = []
        _ = try body(.tooLong)
      } else if partial.isEmpty {
        let length = Self.length(of: piece)
        hadCarriageReturn = length < piece.count
        payload = try body(.line(piece.extracting(0..<length)))
      } else {
        var whole = partial
        partial = []
        whole.append(piece)
        let length = Self.length(of: whole.span)
        hadCarriageReturn = length < whole.count
        payload = try body(.line(whole.span.extracting(0..<length)))
      }
    }
    keep(chunk.extracting(start..<chunk.count))
  }

  /// Hands over the raw bytes that a chunk has from `start` on, and moves `start` behind them.
  private mutating func take<Failure: Error>(
    _ chunk: Span<UInt8>, _ start: inout Int,
    _ body: (borrowing LineFrame) throws(Failure) -> Payload?
  ) throws(Failure) {
    switch payload {
    case .counted(let count):
      let taken = Int(min(count, UInt64(chunk.count - start)))
      payload = .counted(count - UInt64(taken))
      if taken > 0 { _ = try body(.bytes(chunk.extracting(start..<start + taken))) }
      start += taken
      guard taken == count else { return }
    case .terminated:
      guard try takeTerminated(chunk, &start, body) else { return }
    case nil: return
    }
    payload = nil
    _ = try body(.bytesEnd)
  }

  /// - Returns: whether the terminator has come.
  private mutating func takeTerminated<Failure: Error>(
    _ chunk: Span<UInt8>, _ start: inout Int,
    _ body: (borrowing LineFrame) throws(Failure) -> Payload?
  ) throws(Failure) -> Bool {
    let terminator = Self.terminator
    let held = terminatorBytes
    /// Where the bytes begin that are to be handed on.
    let first = start
    let allowed = hadCarriageReturn ? terminator.count : Self.bareTerminatorCount
    var hasEnded = false
    while start < chunk.count, !hasEnded {
      let byte = chunk[start]
      start += 1
      if terminatorBytes < allowed, byte == terminator[terminatorBytes] {
        terminatorBytes += 1
      } else if terminatorBytes >= Self.bareTerminatorCount, isEnd(byte) {
        terminatorBytes += 1
        hasEnded = true
      } else {
        terminatorBytes = byte == terminator[0] ? 1 : 0
      }
    }
    // What looks like the terminator reaches back into earlier chunks only if all of this one belongs to it.
    let end = start - terminatorBytes
    if end >= first {
      if held > 0 { _ = try body(.bytes(terminator.span.extracting(0..<held))) }
      if end > first { _ = try body(.bytes(chunk.extracting(first..<end))) }
    }
    guard hasEnded else { return false }
    terminatorBytes = 0
    return true
  }

  /// Whether a byte ends the terminator, all of whose other bytes have come.
  private func isEnd(_ byte: UInt8) -> Bool {
    byte == Self.lineFeed
      || byte == 0 && isTelnet && terminatorBytes > Self.bareTerminatorCount
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
}

extension [UInt8] {
  /// Appends bytes that lie elsewhere, in one copy.
  mutating func append(_ bytes: Span<UInt8>) {
    // Safety: the pointer is used inside the closure alone, and the array copies what it points to.
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
