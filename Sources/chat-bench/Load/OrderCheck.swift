import Foundation

/// Checks the texts that arrive at one member: each sender's, in order, each once. Pure.
struct OrderCheck {
  /// The next number expected of each sender.
  private(set) var expected: [Int]
  /// The header of each sender's next text, one after the other: comparing is faster than parsing.
  private var headers: [UInt8] = []

  private let size: Int
  /// Whether the server forwards each of its reads with the author in front: `<user4> `. Such a server may cut a text
  /// anywhere, and put another author's in between.
  private let hasAuthors: Bool
  private var authors: [Int: [UInt8]] = [:]
  private var author = 0
  /// Inside `<user4> `.
  private var isInAuthor = false

  /// The beginning of an incomplete line.
  private var partial: [UInt8] = []

  init(senders: Int, size: Int, hasAuthors: Bool) {
    expected = [Int](repeating: 0, count: senders)
    self.size = size
    self.hasAuthors = hasAuthors
    for sender in 0..<senders {
      var template = Message.Template(sender: sender, size: Message.smallest)
      template.append(0, to: &headers)
    }
  }

  /// Takes bytes as they arrive.
  ///
  /// - Parameter onText: called with the time in each text.
  /// - Throws: `BenchError` if a text is missing, duplicated or out of order.
  mutating func take(_ chunk: UnsafeRawBufferPointer, onText: ((Int64) -> Void)?) throws {
    if hasAuthors { try takeOfAuthors(chunk, onText) } else { try takeOfOne(chunk, onText) }
  }

  private mutating func takeOfOne(
    _ chunk: UnsafeRawBufferPointer, _ onText: ((Int64) -> Void)?
  ) throws {
    guard partial.isEmpty else {
      let whole = partial + Array(chunk)
      partial = []
      return try whole.withUnsafeBytes { try check($0, onText) }
    }
    try check(chunk, onText)
  }

  /// The incomplete last line.
  var unfinished: String { String(decoding: partial, as: UTF8.self) }

  /// Checks each line, and keeps an incomplete last one.
  private mutating func check(_ bytes: UnsafeRawBufferPointer, _ onText: ((Int64) -> Void)?) throws
  {
    var start = 0
    while start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, 10, bytes.count - start)
    {
      let end = UnsafeRawPointer(found) - base
      let line = Self.line(bytes, start, end)
      start = end + 1
      if let time = takeExpected(line, needsTime: onText != nil) {
        onText?(time)
        continue
      }
      guard let text = Message.parse(line, size: size) else { continue }
      let wanted = text.sender < expected.count ? "\(expected[text.sender])" : "nothing"
      throw BenchError("number \(text.number) of sender \(text.sender) came, not \(wanted)")
    }
    if start < bytes.count { partial = Array(bytes[start...]) }
  }

  /// Takes a line if it ends with its sender's next text.
  ///
  /// - Returns: its time, 0 if it has none or it is not needed; `nil` for another line.
  private mutating func takeExpected(_ line: UnsafeRawBufferPointer, needsTime: Bool) -> Int64? {
    let start = line.count - size
    guard start >= 0, let base = line.baseAddress,
      let sender = Message.number(line, start + 1, 3), sender < expected.count
    else { return nil }
    let header = sender * Message.smallest
    let isNext = headers.withUnsafeBytes {
      $0.baseAddress.map { memcmp($0 + header, base + start, Message.smallest) == 0 } ?? false
    }
    guard isNext else { return nil }
    expected[sender] += 1
    Message.increment(&headers, at: header + Message.numberStart)
    guard needsTime, size >= Message.smallestWithTime else { return 0 }
    return Message.number(line, start + Message.timeStart, 19).map { Int64($0) }
  }

  /// Joins each author's bytes, and checks each whole line. No text contains a `<`.
  private mutating func takeOfAuthors(
    _ chunk: UnsafeRawBufferPointer, _ onText: ((Int64) -> Void)?
  ) throws {
    guard let base = chunk.baseAddress else { return }
    var rest = chunk[...]
    while !rest.isEmpty {
      if isInAuthor {
        let byte = rest.removeFirst()
        if UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
          author = author * 10 + Int(byte - UInt8(ascii: "0"))
        }
        isInAuthor = byte != UInt8(ascii: " ")
        continue
      }
      let end =
        memchr(base + rest.startIndex, Int32(UInt8(ascii: "<")), rest.count).map {
          UnsafeRawPointer($0) - base
        } ?? rest.endIndex
      let said = UnsafeRawBufferPointer(rebasing: rest[..<end])
      partial = authors.removeValue(forKey: author) ?? []
      try takeOfOne(said, onText)
      authors[author] = partial
      partial = []
      rest = rest[end...].dropFirst()
      guard end < chunk.count else { break }
      isInAuthor = true
      author = 0
    }
  }

  /// A line without its end, CR LF or LF.
  static func line(
    _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
  ) -> UnsafeRawBufferPointer {
    let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
    return UnsafeRawBufferPointer(rebasing: bytes[start..<(hasReturn ? end - 1 : end)])
  }
}
