internal import CLinux
internal import Glibc

/// A file that is mapped: a header, then a ring of bytes whose every stretch is contiguous, since the ring is mapped
/// twice in a row. What is written is in the file at once, also if the process is killed; `sync` has it reach the disk.
///
/// Positions count bytes since the beginning of time and are never wrapped by the caller. The byte at a position lies
/// in the file at `headerBytes` plus the position modulo the capacity.
///
/// A page that can't be had, because somebody shortened the file or the disk fails, does not end the process (SIGBUS):
/// it is replaced by zeros in memory, and the ring `isLost`. The two mappings need not agree from then on, and system
/// calls that are given the missing page itself fail with EFAULT.
///
/// Owns: the file's descriptor and the mapping.
///
/// Limit: 1,024 at a time. Pages of the system have at most 64 KiB.
///
/// Thread: any; the caller makes sure that no thread reads a stretch while another writes it.
package final class FileRing: @unchecked Sendable {
  /// How many bytes the header has: one page, or more where pages are small, so that the file is the same everywhere.
  package static let headerBytes = 65_536

  /// The capacity is a multiple of these.
  package static let capacityUnitBytes = 65_536

  /// How many bytes the ring holds.
  package let capacity: Int

  // Safety: the pointers never change, and the caller orders the accesses to the bytes.
  private let base: UnsafeMutableRawPointer
  private let ring: UnsafeMutableRawPointer
  private let descriptor: Descriptor
  private let identity: FileIdentity
  private let guardNumber: CInt

  /// Makes a file, for its owner alone, and takes all its space on the disk (fallocate(2)). Every byte is 0.
  ///
  /// The file's name has still to reach the disk: `Folder.sync`.
  ///
  /// - Parameters:
  ///   - capacity: a multiple of 65,536, and not 0.
  ///   - writesZeros: writes the zeros, as is done in any case where the file system has no fallocate(2).
  /// - Throws: `SystemError`; EEXIST if something has the path, one that `isNoSpace` if the disk has too little. What
  ///   was made is removed then.
  package convenience init(
    creating path: FilePath, capacity: Int, writesZeros: Bool = false
  ) throws(SystemError) {
    guard capacity > 0, capacity % Self.capacityUnitBytes == 0,
      capacity <= (Int.max - Self.headerBytes) / 2
    else { throw SystemError("fallocate", code: EINVAL) }
    let descriptor = Descriptor(
      owning: try system("open") {
        open(path.cString, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      })
    do throws(SystemError) {
      let size = Self.headerBytes + capacity
      if writesZeros {
        try Self.writeZeros(descriptor.number, size)
      } else {
        try Self.allocate(descriptor.number, size)
      }
      try self.init(descriptor, capacity: capacity, isWritable: true)
    } catch {
      // The error that matters is the first.
      try? path.remove()
      throw error
    }
  }

  /// Opens a file that is there. A symbolic link is not followed.
  ///
  /// - Parameter isWritable: whether it may be written to; if not, writing to its bytes ends the process.
  /// - Throws: what open(2) says; EINVAL if its size is none that a ring has; one that `isOtherKind` if it is no
  ///   file.
  package convenience init(opening path: FilePath, isWritable: Bool = true) throws(SystemError) {
    // Opening a pipe would wait for a writer.
    let flags = (isWritable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = Descriptor(owning: try system("open") { open(path.cString, flags) })
    let status = try Self.status(descriptor.number)
    let capacity = Int(clamping: status.sizeBytes) - Self.headerBytes
    guard status.isRegular, capacity > 0, capacity % Self.capacityUnitBytes == 0,
      capacity <= (Int.max - Self.headerBytes) / 2
    else { throw SystemError("open", code: EINVAL) }
    // A copy may have holes. If there is no space for them, that is found out when they are written to.
    if isWritable { _ = fallocate(descriptor.number, 0, 0, Self.headerBytes + capacity) }
    try self.init(descriptor, capacity: capacity, isWritable: isWritable)
  }

  private init(
    _ descriptor: consuming Descriptor, capacity: Int, isWritable: Bool
  ) throws(SystemError) {
    let number = descriptor.number
    identity = try Self.status(number).identity
    self.capacity = capacity
    let bytes = Self.headerBytes + 2 * capacity
    // All is reserved first, so that nothing else can come to lie in a part of it.
    let base = try Self.map(nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    do throws(SystemError) {
      try MemoryReserve.taking(0, for: "mmap") {}
      let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
      let flags = MAP_SHARED | MAP_FIXED
      _ = try Self.map(base, Self.headerBytes + capacity, protection, flags, number, 0)
      _ = try Self.map(
        base + Self.headerBytes + capacity, capacity, protection, flags, number, Self.headerBytes)
      guardNumber = try system("sigaction") { clinux_guard_mapping(base, bytes) }
    } catch {
      munmap(base, bytes)
      throw error
    }
    self.base = base
    ring = base + Self.headerBytes
    self.descriptor = descriptor
  }

  deinit {
    clinux_unguard_mapping(guardNumber)
    munmap(base, Self.headerBytes + 2 * capacity)
  }

  // MARK: The bytes

  /// The header's bytes.
  package var header: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: Self.headerBytes)
  }

  /// Copies bytes in; they are no more than the capacity.
  package func write(_ bytes: UnsafeRawBufferPointer, at position: UInt64) {
    precondition(bytes.count <= capacity, "more than the ring holds")
    guard let source = bytes.baseAddress else { return }
    ring.advanced(by: offset(position)).copyMemory(from: source, byteCount: bytes.count)
  }

  /// Writes parts one after another to the file itself (pwritev(2)), where the mapping has them at once.
  ///
  /// - Returns: false if that can't be done, or not in one go: they have to be copied in then.
  package func writeToFile(
    _ parts: InlineArray<4, UnsafeRawBufferPointer>, at position: UInt64
  ) -> Bool {
    var count = 0
    var vectors = InlineArray<4, iovec>(repeating: iovec())
    for index in parts.indices {
      // Safety: pwritev(2) only reads what it is given.
      vectors[index] = iovec(
        iov_base: UnsafeMutableRawPointer(mutating: parts[index].baseAddress),
        iov_len: parts[index].count)
      count += parts[index].count
    }
    let offset = offset(position)
    guard offset + count <= capacity else { return false }
    let number = descriptor.number
    return vectors.span.withUnsafeBufferPointer {
      pwritev(number, $0.baseAddress, CInt($0.count), off_t(Self.headerBytes + offset)) == count
    }
  }

  /// The bytes from one position to another, no more than the capacity apart.
  package subscript(range: Range<UInt64>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(mutableBytes(range))
  }

  /// The same, to be written to in place.
  package func mutableBytes(_ range: Range<UInt64>) -> UnsafeMutableRawBufferPointer {
    let count = range.upperBound - range.lowerBound
    precondition(count <= UInt64(capacity), "more than the ring holds")
    return UnsafeMutableRawBufferPointer(
      start: ring + offset(range.lowerBound), count: Int(count))
  }

  // MARK: Memory and disk

  /// Waits until what has been written is on the disk (fdatasync(2)).
  ///
  /// - Throws: what fdatasync(2) says, once: what was written before may be lost, and another call does not tell. EIO
  ///   if the ring `isLost`, or the file is shorter than it was: bytes may be in memory alone.
  package func sync() throws(SystemError) {
    let number = descriptor.number
    try system("fdatasync") { fdatasync(number) }
    try checkWhole("fdatasync")
  }

  /// What lies behind the end of a shortened file in its last page is dropped without a signal.
  private func checkWhole(_ call: StaticString) throws(SystemError) {
    let size = try Self.status(descriptor.number).sizeBytes
    guard size >= UInt64(Self.headerBytes + capacity), !isLost else {
      throw SystemError("\(call)", code: EIO)
    }
  }

  /// The same for what lies between two positions (msync(2)); pages elsewhere stay as they are, ready to be written to.
  package func sync(_ range: Range<UInt64>) throws(SystemError) {
    let start = offset(range.lowerBound) / Self.pageBytes * Self.pageBytes
    let count = offset(range.lowerBound) - start + Int(range.upperBound - range.lowerBound)
    let address = ring + start
    try system("msync") { msync(address, min(count, 2 * capacity - start), CInt(MS_SYNC)) }
    try checkWhole("msync")
  }

  /// Has the pages from a position on ready to be written to, so that appending there waits for no page fault
  /// (madvise(2), MADV_POPULATE_WRITE). Changes no byte. Where the system can't (before Linux 5.14), nothing is done.
  ///
  /// A page that was written back to the disk is no longer ready: to be called again after `sync`.
  package func prefault(from position: UInt64, count: Int) {
    let (first, wrapped) = pages(
      Int(position % UInt64(capacity)), min(max(0, count), capacity), isOuter: true)
    advise(first, CLINUX_MADV_POPULATE_WRITE)
    // What runs over the end is written in the second mapping, what begins behind it in the first.
    guard !wrapped.isEmpty else { return }
    advise(wrapped, CLINUX_MADV_POPULATE_WRITE)
    advise(
      wrapped.lowerBound + capacity..<wrapped.upperBound + capacity, CLINUX_MADV_POPULATE_WRITE)
  }

  /// Takes the whole pages of a range out of the process's memory (madvise(2), MADV_DONTNEED). Their bytes stay in the
  /// file, and come back when they are accessed.
  package func releasePages(_ range: Range<UInt64>) {
    let count = Int(min(range.upperBound - range.lowerBound, UInt64(capacity)))
    let (first, wrapped) = pages(offset(range.lowerBound), count, isOuter: false)
    for part in [first, wrapped] where !part.isEmpty {
      advise(part, Int(MADV_DONTNEED))
      advise(part.lowerBound + capacity..<part.upperBound + capacity, Int(MADV_DONTNEED))
    }
  }

  // MARK: What befell the file

  /// Whether a page could not be read or written: what was written since may be lost, and what is read may be zeros.
  /// It stays so.
  package var isLost: Bool { clinux_mapping_is_lost(guardNumber) != 0 }

  /// Whether a path names this very file, in its full size: it was neither removed, replaced nor shortened.
  package func isInPlace(at path: FilePath) -> Bool {
    // What can't be looked at is not there.
    guard let status = path.status else { return false }
    return status.identity == identity
      && status.sizeBytes == UInt64(Self.headerBytes + capacity)
  }

  // MARK: Details

  private static let pageBytes = sysconf(CInt(_SC_PAGESIZE))

  private func offset(_ position: UInt64) -> Int { Int(position % UInt64(capacity)) }

  /// The pages of a stretch, as offsets in the ring: those before its end, and those from its beginning on.
  ///
  /// - Parameter isOuter: with those of which the stretch has only a part.
  private func pages(
    _ offset: Int, _ count: Int, isOuter: Bool
  ) -> (first: Range<Int>, wrapped: Range<Int>) {
    let page = Self.pageBytes
    let begin = (isOuter ? offset : offset + page - 1) / page * page
    let end = max(begin, (isOuter ? offset + count + page - 1 : offset + count) / page * page)
    return (
      min(begin, capacity)..<min(end, capacity),
      max(begin, capacity) - capacity..<max(end, capacity) - capacity
    )
  }

  private func advise(_ range: Range<Int>, _ advice: Int) {
    // Advice alone: nothing depends on whether it is taken.
    if !range.isEmpty { _ = madvise(ring + range.lowerBound, range.count, CInt(advice)) }
  }

  private static func status(_ number: CInt) throws(SystemError) -> FileStatus {
    var status = stat()
    try system("fstat") { fstat(number, &status) }
    return FileStatus(status)
  }

  private static func allocate(_ number: CInt, _ size: Int) throws(SystemError) {
    do throws(SystemError) {
      try system("fallocate") { fallocate(number, 0, 0, size) }
    } catch {
      guard [EOPNOTSUPP, ENOSYS].contains(error.code) else { throw error }
      try writeZeros(number, size)
    }
  }

  private static func writeZeros(_ number: CInt, _ size: Int) throws(SystemError) {
    let zeros = [UInt8](repeating: 0, count: capacityUnitBytes)
    var done = 0
    while done < size {
      done += try system("pwrite") {
        pwrite(number, zeros, min(zeros.count, size - done), done)
      }
    }
  }

  private static func map(
    _ address: UnsafeMutableRawPointer?, _ bytes: Int, _ protection: CInt, _ flags: CInt,
    _ number: CInt, _ offset: Int
  ) throws(SystemError) -> UnsafeMutableRawPointer {
    guard let pointer = mmap(address, bytes, protection, flags, number, offset),
      pointer != MAP_FAILED
    else { throw SystemError("mmap") }
    return pointer
  }
}
