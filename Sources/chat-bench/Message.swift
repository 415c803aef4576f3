/// The texts that are sent: who says it, its number, when, and filling up to a size.
///
///     m003 0000000042 0000001234567890123 xxxxxxxxxxxxxxxxxxxxxxxxxxxx
enum Message {
  /// The smallest size there is.
  static let headerBytes = 36
  private static let zero = UInt8(ascii: "0")

  /// A text of `size` bytes.
  static func text(sender: Int, number: Int, nanoseconds: Int64 = 0, size: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: max(size, headerBytes))
    bytes[0] = UInt8(ascii: "m")
    put(sender, digits: 3, at: 1, in: &bytes)
    put(number, digits: 10, at: 5, in: &bytes)
    put(Int(nanoseconds), digits: 19, at: 16, in: &bytes)
    for index in [4, 15, 35] { bytes[index] = UInt8(ascii: " ") }
    return bytes
  }

  /// Sender, number and time of the text that ends a line; `nil` if the line ends with none.
  static func parse(
    _ line: UnsafeRawBufferPointer, size: Int
  ) -> (sender: Int, number: Int, nanoseconds: Int64)? {
    let start = line.count - max(size, headerBytes)
    guard start >= 0, line[start] == UInt8(ascii: "m"), line[start + 4] == UInt8(ascii: " "),
      let sender = number(line, start + 1, 3), let value = number(line, start + 5, 10),
      let time = number(line, start + 16, 19)
    else { return nil }
    return (sender, value, Int64(time))
  }

  private static func put(_ value: Int, digits: Int, at start: Int, in bytes: inout [UInt8]) {
    var rest = value
    for index in (start..<start + digits).reversed() {
      bytes[index] = zero + UInt8(rest % 10)
      rest /= 10
    }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ digits: Int) -> Int? {
    var value = 0
    for index in start..<start + digits {
      let digit = bytes[index] &- zero
      guard digit < 10 else { return nil }
      value = value &* 10 &+ Int(digit)
    }
    return value
  }
}
