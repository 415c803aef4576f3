/// The texts that are sent: sender, number, time if there is space, and padding.
///
///     m003 0000000042.0000001234567890123 xxxxxxxxxxxxxxxxxxxxxxxxxxxx
///     m003 0000000042.
enum Message {
  /// The size of the smallest text.
  static let smallest = 16
  /// The size of the smallest text with a time.
  static let smallestWithTime = 36
  /// The sender of the texts that mark the beginning.
  static let markerSender = 999

  /// Where the ten digits of the number begin.
  static let numberStart = 5
  /// Where the time's nineteen begin.
  static let timeStart = 16

  private static let zero = UInt8(ascii: "0")

  /// A sender's text with everything but the number and the time, and what a server's protocol puts around it.
  struct Template {
    private var bytes: [UInt8]
    private let start: Int
    private let hasTime: Bool

    init(sender: Int, size: Int, before: [UInt8] = [], after: [UInt8] = []) {
      var text = [UInt8](repeating: UInt8(ascii: "x"), count: size)
      text[0] = UInt8(ascii: "m")
      put(sender, digits: 3, at: 1, in: &text)
      text[4] = UInt8(ascii: " ")
      // No space: ngircd removes spaces at the end.
      text[15] = UInt8(ascii: ".")
      hasTime = size >= smallestWithTime
      if hasTime { text[35] = UInt8(ascii: " ") }
      bytes = before + text + after
      start = before.count
    }

    /// Appends the text with this number, and this time if there is space for it.
    mutating func append(_ number: Int, nanoseconds: Int64 = 0, to output: inout [UInt8]) {
      put(number, digits: 10, at: start + numberStart, in: &bytes)
      if hasTime { put(Int(nanoseconds), digits: 19, at: start + timeStart, in: &bytes) }
      output.append(contentsOf: bytes)
    }
  }

  /// The sender, number and time (0 if there is none) of the text at a line's end; `nil` without one.
  static func parse(
    _ line: UnsafeRawBufferPointer, size: Int
  ) -> (sender: Int, number: Int, nanoseconds: Int64)? {
    let start = line.count - size
    guard start >= 0, line[start] == UInt8(ascii: "m"), line[start + 4] == UInt8(ascii: " "),
      let sender = number(line, start + 1, 3), let value = number(line, start + numberStart, 10)
    else { return nil }
    guard size >= smallestWithTime else { return (sender, value, 0) }
    guard let time = number(line, start + timeStart, 19) else { return nil }
    return (sender, value, Int64(time))
  }

  private static func put(_ value: Int, digits: Int, at start: Int, in bytes: inout [UInt8]) {
    var rest = value
    for index in (start..<start + digits).reversed() {
      bytes[index] = zero + UInt8(rest % 10)
      rest /= 10
    }
  }

  /// Adds one to the ten digits that begin there.
  static func increment(_ bytes: inout [UInt8], at start: Int) {
    var index = start + 9
    while index >= start, bytes[index] == zero + 9 {
      bytes[index] = zero
      index -= 1
    }
    if index >= start { bytes[index] += 1 }
  }

  /// The number of some digits; `nil` if there is another byte among them.
  static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ digits: Int) -> Int? {
    var value = 0
    for index in start..<start + digits {
      let digit = bytes[index] &- zero
      guard digit < 10 else { return nil }
      value = value &* 10 &+ Int(digit)
    }
    return value
  }
}
