/// The bytes of a file: the first ones in memory, the others read on demand.
struct PictureBytes {
  /// The file's first bytes.
  let start: [UInt8]
  /// Returns up to `count` bytes from an `offset` of the file; fewer, or none, at the end.
  let read: (_ offset: Int, _ count: Int) -> [UInt8]

  /// `count` bytes from an offset; `nil` if the file ends before.
  func bytes(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
    if offset + count <= start.count { return start[offset..<offset + count] }
    let more = read(offset, count)
    return more.count >= count ? more.prefix(count) : nil
  }

  /// Whether these bytes are at an offset.
  func has(_ expected: [UInt8], at offset: Int) -> Bool {
    bytes(at: offset, count: expected.count)?.elementsEqual(expected) ?? false
  }

  /// A big-endian number of up to four bytes.
  func bigEndian(at offset: Int, count: Int) -> Int? {
    bytes(at: offset, count: count)?.reduce(0) { $0 << 8 | Int($1) }
  }

  /// A little-endian number of up to four bytes.
  func littleEndian(at offset: Int, count: Int) -> Int? {
    bytes(at: offset, count: count)?.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
