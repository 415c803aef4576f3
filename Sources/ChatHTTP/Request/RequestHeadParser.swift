/// Reads the head of one request from the bytes of a connection, however they are split (RFC 9112, section 2).
///
/// Strict: a line ends with CR LF and nothing else, one empty line may come before the first, and whatever two readers
/// could understand differently is refused. The work for a byte does not depend on how many came before.
///
/// Limit: `byteLimit` bytes and `fieldLimit` fields, whatever is sent.
/// Thread: a value; its owner's.
package struct RequestHeadParser: Sendable {
  /// What came of some bytes.
  package enum Outcome: Sendable, Equatable {
    /// All were taken; the head goes on.
    case needMore
    /// The head is complete; so many of the bytes belong to it.
    case head(RequestHead, consumed: Int)
    /// It is not taken. Nothing that follows is to be read as a request.
    case refused(RequestRefusal)
  }

  /// The longest head, in bytes.
  package static let byteLimit = 16_384
  /// The most fields.
  package static let fieldLimit = 100

  private var line: [UInt8] = []
  private var requestLine: RequestLine?
  private var fields = HeaderFields()
  private var isPastEmptyLine = false

  /// How many bytes were taken.
  package private(set) var byteCount = 0

  /// Nothing was read yet.
  package init() {}

  /// Takes the next bytes. Not to be called again after a head or a refusal.
  package mutating func feed(_ bytes: Span<UInt8>) -> Outcome {
    do throws(RequestRefusal) {
      for index in bytes.indices {
        if let head = try take(bytes[index]) { return .head(head, consumed: index + 1) }
      }
      return .needMore
    } catch {
      return .refused(error)
    }
  }

  private mutating func take(_ byte: UInt8) throws(RequestRefusal) -> RequestHead? {
    byteCount += 1
    guard byteCount <= Self.byteLimit else {
      throw RequestRefusal(.headerFieldsTooLarge, "the head is too long")
    }
    let follows = line.last == HTTPCharacters.carriageReturn
    guard byte == HTTPCharacters.lineFeed else {
      guard !follows else { throw RequestRefusal(.badRequest, "CR without LF") }
      line.append(byte)
      if requestLine == nil, line.count > RequestLine.longest + 1 { try refuseLongLine() }
      return nil
    }
    guard follows else { throw RequestRefusal(.badRequest, "LF without CR") }
    line.removeLast()
    defer { line.removeAll(keepingCapacity: true) }
    return try takeLine()
  }

  /// The first line is longer than any can be.
  private func refuseLongLine() throws(RequestRefusal) {
    let spaces = line.indices.filter { line[$0] == HTTPCharacters.space }
    try RequestLine.checkLengths(line.span, spaces)
    throw RequestRefusal(.badRequest, "the first line is too long")
  }

  private mutating func takeLine() throws(RequestRefusal) -> RequestHead? {
    let line = line
    guard let requestLine else {
      if line.isEmpty {
        // RFC 9112, section 2.2: some clients send one after a body.
        guard !isPastEmptyLine else { throw RequestRefusal(.badRequest, "two empty lines") }
        isPastEmptyLine = true
      } else {
        requestLine = try RequestLine(line.span)
      }
      return nil
    }
    if line.isEmpty { return try RequestHead(requestLine, fields) }
    guard fields.all.count < Self.fieldLimit else {
      throw RequestRefusal(.headerFieldsTooLarge, "too many fields")
    }
    try fields.append(line: line.span)
    return nil
  }
}
