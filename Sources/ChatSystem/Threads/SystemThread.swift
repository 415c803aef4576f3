internal import CLinux
internal import Glibc

/// A POSIX thread of our own, with a stack of a chosen size: Foundation's costs more each, and a
/// thread per client has to be cheap.
package enum SystemThread {
  /// Enough for everything a client's thread does; the system gives only the pages touched.
  package static let stackBytes = 128 * 1_024

  /// Starts a detached thread.
  ///
  /// - Parameters:
  ///   - name: as `top -H` shows it; the system keeps 15 bytes.
  ///   - stackBytes: more where libraries run that are not ours.
  /// - Throws: `SystemError` if the system has no thread left; `body` does not run then.
  package static func start(
    named name: String, stackBytes: Int = stackBytes, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackBytes)
    let box = Unmanaged.passRetained(Body(name: name, run: body))
    var thread = pthread_t()
    let code = create(
      &thread, &attributes, stackBytes, box.toOpaque(),
      { argument in
        // Safety: the one reference passed below is taken here, once.
        guard let argument else { return nil }
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        _ = body.name.withCString { pthread_setname_np(pthread_self(), $0) }
        body.run()
        return nil
      })
    guard code == 0 else {
      box.release()
      throw SystemError("pthread_create", code: code)
    }
  }

  /// pthread_create(3), where memory is left besides the stack.
  private static func create(
    _ thread: inout pthread_t, _ attributes: inout pthread_attr_t, _ stackBytes: Int,
    _ argument: UnsafeMutableRawPointer,
    _ body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
  ) -> CInt {
    do throws(SystemError) {
      return try MemoryReserve.taking(stackBytes, for: "pthread_create") {
        pthread_create(&thread, &attributes, body, argument)
      }
    } catch {
      return error.code
    }
  }

  /// Lowers the calling thread's priority, for good (setpriority(2), which on Linux is about one thread): others that
  /// have something to do go first.
  package static func standBack() { _ = setpriority(CInt(PRIO_PROCESS.rawValue), 0, 10) }

  /// Lets the calling thread sleep (clock_nanosleep(2)).
  package static func sleep(for duration: Duration) { sleep(until: .now + duration) }

  /// Lets the calling thread sleep until a moment has come.
  package static func sleep(until moment: MonotonicTime) {
    var time = moment.timespec
    while clock_nanosleep(CLOCK_MONOTONIC, CInt(TIMER_ABSTIME), &time, nil) == EINTR {}
  }

  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
      self.run = run
    }
  }
}

/// The processor time of a thread.
package enum ThreadTime {
  /// What the calling thread has used since it began, in nanoseconds (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID).
  package static var nanoseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
