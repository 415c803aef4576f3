/// The bytes of a file whose beginning is at hand, and the rest of which can be asked for.
struct PictureBytes {
  /// The file's first bytes.
  let start: [UInt8]
  /// Gives up to `count` bytes from an `offset` of the file; fewer, or none, at the end.
  let read: (_ offset: Int, _ count: Int) -> [UInt8]

  /// So many bytes from an offset; `nil` if the file ends before.
  func bytes(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
    if offset + count <= start.count { return start[offset..<offset + count] }
    let more = read(offset, count)
    return more.count >= count ? more.prefix(count) : nil
  }

  /// Whether these bytes stand at an offset.
  func has(_ expected: [UInt8], at offset: Int) -> Bool {
    bytes(at: offset, count: expected.count)?.elementsEqual(expected) ?? false
  }

  /// A number of up to four bytes, the most significant one first.
  func bigEndian(at offset: Int, count: Int) -> Int? {
    bytes(at: offset, count: count)?.reduce(0) { $0 << 8 | Int($1) }
  }

  /// A number of up to four bytes, the least significant one first.
  func littleEndian(at offset: Int, count: Int) -> Int? {
    bytes(at: offset, count: count)?.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
