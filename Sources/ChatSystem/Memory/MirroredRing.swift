internal import CLinux
internal import Glibc

/// A ring of bytes whose every stretch is contiguous: the same memory is mapped twice in a row, so
/// that what runs over the end goes on at the beginning by itself.
///
/// Positions count bytes since the beginning of time and are never wrapped by the caller.
///
/// Thread: any; the caller makes sure that no thread reads a stretch while another writes it.
package final class MirroredRing: @unchecked Sendable {
  // Safety: the pointer never changes, and the caller orders the accesses to its bytes.
  private let base: UnsafeMutableRawPointer

  /// How many bytes it holds: a power of two, and a multiple of the page size.
  package let capacity: Int

  /// Maps a ring (memfd_create(2), mmap(2)).
  ///
  /// - Parameter capacity: a power of two, 64 KiB or more.
  /// - Throws: `SystemError` if the system has no memory or no descriptor left.
  package init(capacity: Int) throws(SystemError) {
    precondition(capacity >= 65_536 && capacity & (capacity - 1) == 0, "see the parameter's rule")
    self.capacity = capacity
    let memory = Descriptor(
      owning: try system("memfd_create") { memfd_create("ring", UInt32(CLINUX_MFD_CLOEXEC)) })
    try system("ftruncate") { ftruncate(memory.number, capacity) }
    // Both halves are reserved first, so that nothing else can come to lie in the second.
    base = try MemoryReserve.taking(2 * capacity, for: "mmap") { () throws(SystemError) in
      try Self.map(nil, 2 * capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1)
    }
    do {
      for half in 0..<2 {
        _ = try Self.map(
          base + half * capacity, capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
          memory.number)
      }
    } catch {
      munmap(base, 2 * capacity)
      throw error
    }
  }

  deinit { munmap(base, 2 * capacity) }

  /// Copies bytes in; they are no more than the capacity.
  package func write(_ bytes: UnsafeRawBufferPointer, at position: UInt64) {
    guard let source = bytes.baseAddress else { return }
    base.advanced(by: offset(position)).copyMemory(from: source, byteCount: bytes.count)
  }

  /// The bytes from one position to another, no more than the capacity apart.
  package subscript(range: Range<UInt64>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: base + offset(range.lowerBound), count: Int(range.upperBound - range.lowerBound))
  }

  private func offset(_ position: UInt64) -> Int { Int(position & UInt64(capacity - 1)) }

  private static func map(
    _ address: UnsafeMutableRawPointer?, _ bytes: Int, _ protection: CInt, _ flags: CInt,
    _ descriptor: CInt
  ) throws(SystemError) -> UnsafeMutableRawPointer {
    guard let pointer = mmap(address, bytes, protection, flags, descriptor, 0),
      pointer != MAP_FAILED
    else { throw SystemError("mmap") }
    return pointer
  }
}
