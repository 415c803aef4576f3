internal import CLinux
internal import Glibc

extension UnsafeRawBufferPointer {
  /// The index of the first byte of this value, from an index on (memchr(3)); `nil` if there is none.
  package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    guard start < count, let base = baseAddress,
      let found = memchr(base + start, CInt(byte), count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }

  /// Whether some bytes stand somewhere in these (memmem(3)).
  package func contains(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let wanted = bytes.baseAddress, bytes.count > 0 else { return true }
    guard let base = baseAddress else { return false }
    return memmem(base, count, wanted, bytes.count) != nil
  }
}
