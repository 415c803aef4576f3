internal import CLinux
internal import Glibc

/// Memory that is left free. Swift ends the process when a small allocation fails, so a large one is made only where a
/// reserve is left besides.
///
/// Nothing is held: a mapping of that size is made and removed (mmap(2)), about 2 µs, which counts against limits of
/// the address space (RLIMIT_AS) and of committed memory alike.
///
/// Thread: any; one at a time is inside, so that no two take the same memory.
package enum MemoryReserve {
  /// How much is left free: many times what all threads together allocate between two looks.
  package static let bytes = 12 * 1_024 * 1_024

  private static let lock = Lock()

  /// Takes memory, if enough is left besides.
  ///
  /// - Parameters:
  ///   - count: how many bytes `body` takes, about.
  ///   - call: what would have failed.
  /// - Throws: `SystemError`, ENOMEM if there is too little, or what `body` throws.
  package static func taking<Result: ~Copyable>(
    _ count: Int, for call: String, _ body: () throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    try lock.withLock { () throws(SystemError) in
      let size = count + bytes
      guard
        let memory = mmap(
          nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        memory != MAP_FAILED
      else { throw SystemError(call, code: ENOMEM) }
      munmap(memory, size)
      return try body()
    }
  }

  /// Bounds what malloc(3) and new threads take besides what they need: one arena instead of one for each thread, each
  /// of which reserves 64 MiB of address space, and stacks of 1 MiB instead of 8 for threads that aren't ours. To be
  /// called before there are any.
  package static func saveAddressSpace() {
    _ = mallopt(M_ARENA_MAX, 1)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, 1_024 * 1_024)
    _ = pthread_setattr_default_np(&attributes)
  }
}
