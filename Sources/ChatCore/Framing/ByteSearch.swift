/// Looks at eight bytes at once, as a number (S. Anderson, "Bit Twiddling Hacks", "Determine if a word has a zero byte").
extension Span<UInt8> {
  private static var ones: UInt64 { 0x0101_0101_0101_0101 }
  private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

  /// The index of the first LF from `start` on; `nil` if there is none.
  func indexOfLineFeed(from start: Int) -> Int? {
    let lineFeed = UInt8(ascii: "\n")
    let lineFeeds = UInt64(lineFeed) &* Self.ones
    var index = start
    while count - index >= 8 {
      // A byte of zeros where the word has an LF. The lowest bit of `found` is the first one's, whatever follows it.
      let others = word(at: index) ^ lineFeeds
      let found = (others &- Self.ones) & ~others & Self.highBits
      if found != 0 { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < count {
      if self[index] == lineFeed { return index }
      index += 1
    }
    return nil
  }

  /// Whether all bytes are printable ASCII or TAB.
  var isPrintableASCII: Bool {
    var index = 0
    while count - index >= 8 {
      let word = word(at: index)
      // Less than a space, more than ASCII, or DEL.
      let belowSpace = word &- 0x20 &* Self.ones
      let delete = (word ^ 0x7F &* Self.ones) &- Self.ones
      if (belowSpace | delete | word) & Self.highBits != 0 {
        for place in index..<index + 8 where !Self.isPrintable(self[place]) { return false }
      }
      index += 8
    }
    while index < count {
      guard Self.isPrintable(self[index]) else { return false }
      index += 1
    }
    return true
  }

  private static func isPrintable(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5F || byte == 0x09 }

  /// Eight bytes, the first in the lowest place: there have to be so many from `index` on.
  private func word(at index: Int) -> UInt64 {
    // Safety: the load checks its bounds, and an integer may have any bits.
    unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
  }
}
