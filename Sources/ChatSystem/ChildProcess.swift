internal import ChatSystem
internal import Glibc

/// A program that is run once, for what it writes to its standard output.
///
/// It gets a session of its own, without our terminal; no input; no descriptors, no signal settings
/// and no environment of ours; and bounds on its time, its memory and its output. No shell is in
/// between. Whatever happens, it is reaped, and it and all of its group are gone afterwards.
struct PictureProcess {
  /// The program, from the root on.
  let path: FilePath
  /// What follows its name on the command line.
  let arguments: [FilePath]
  /// Limit: bytes it may write.
  let outputLimit: Int
  /// Limit: when it has to be done.
  let deadline: MonotonicTime

  /// Limit: bytes of address space: twice what the largest picture takes when decoded, and more.
  static let memoryBytes: rlim_t = 2 << 30

  /// What the program finds in its environment: nothing that tells of ours, or could change its ways.
  private static let environment: [FilePath] = [
    "PATH=/usr/local/bin:/usr/bin:/bin", "TERM=xterm-256color", "LC_ALL=C.UTF-8",
  ]

  /// Runs it.
  ///
  /// Thread: any; it waits. Owns: the process, until it is reaped here.
  /// - Returns: all it wrote; `nil` if it couldn't be started, failed, wrote too much or took too long.
  func output() -> [UInt8]? {
    // A pipe that no other child inherits by accident takes pipe2(2), which Swift doesn't show; a
    // pair of sockets does the same (unix(7)).
    var numbers: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &numbers) == 0 else { return nil }
    let reading = Descriptor(owning: numbers[0])
    guard let child = start(writingTo: Descriptor(owning: numbers[1])) else { return nil }
    Self.limit(child)
    let output = read(from: reading)
    if output != nil { waitForEnd(of: child) }
    return Self.reap(child) == 0 ? output : nil
  }

  // MARK: Starting

  /// Starts it (posix_spawn(3)).
  ///
  /// Owns: the descriptor it writes to, which is closed here afterwards: when the child and its own
  /// children have ended, so has the stream.
  private func start(writingTo output: consuming Descriptor) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
    defer { posix_spawn_file_actions_destroy(&actions) }
    guard posix_spawn_file_actions_adddup2(&actions, output.number, 1) == 0,
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0,
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0
    else { return nil }
    Self.closeOthers(&actions)

    var attributes = posix_spawnattr_t()
    guard posix_spawnattr_init(&attributes) == 0 else { return nil }
    defer { posix_spawnattr_destroy(&attributes) }
    // What we ignore or block, it must not.
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    // POSIX_SPAWN_SETSID, which <spawn.h> declares under _GNU_SOURCE only.
    let newSession: CInt = 0x80
    let flags = CInt(POSIX_SPAWN_SETSIGMASK) | CInt(POSIX_SPAWN_SETSIGDEF) | newSession
    guard posix_spawnattr_setsigmask(&attributes, &none) == 0,
      posix_spawnattr_setsigdefault(&attributes, &all) == 0,
      posix_spawnattr_setflags(&attributes, Int16(flags)) == 0
    else { return nil }

    var child: pid_t = 0
    let code = Self.withStrings([path] + arguments) { arguments in
      Self.withStrings(Self.environment) { environment in
        posix_spawn(&child, path.cString, &actions, &attributes, arguments, environment)
      }
    }
    return code == 0 ? child : nil
  }

  /// Has all descriptors but the standard ones closed, those as well that somebody forgot to mark
  /// (posix_spawn_file_actions_addclosefrom_np(3), glibc 2.34).
  private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
    typealias Call = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt
    // <spawn.h> declares it under _GNU_SOURCE only, and so Swift doesn't show it.
    guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
    // Sound: this is the function's type in its header.
    _ = unsafeBitCast(symbol, to: Call.self)(&actions, 3)
  }

  /// C's form of a list of strings, which ends with a null pointer.
  private static func withStrings<Result>(
    _ strings: [FilePath], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    // Sound: each copy lives until `body` has returned, and is freed once.
    let copies = strings.map { strdup($0.cString) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }

  /// Limits the memory and the processor time of a child that has just begun (prlimit(2)). A system
  /// without that call still has the deadline.
  private static func limit(_ child: pid_t) {
    typealias Call =
      @convention(c) (pid_t, CInt, UnsafePointer<rlimit>?, UnsafeMutablePointer<rlimit>?)
      -> CInt
    // <sys/resource.h> declares it under _GNU_SOURCE only, and so Swift doesn't show it.
    guard let symbol = dlsym(nil, "prlimit") else { return }
    // Sound: this is the function's type in its man page; an enumeration of C is a CInt.
    let prlimit = unsafeBitCast(symbol, to: Call.self)
    for (resource, amount) in [
      (RLIMIT_AS, memoryBytes), (RLIMIT_CPU, 30), (RLIMIT_CORE, 0), (RLIMIT_FSIZE, 0),
    ] {
      var bound = rlimit(rlim_cur: amount, rlim_max: amount)
      _ = prlimit(child, CInt(resource.rawValue), &bound, nil)
    }
  }

  // MARK: Reading

  /// Reads to the end; `nil` if there is too much of it, or it takes too long.
  private func read(from descriptor: borrowing Descriptor) -> [UInt8]? {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
      let left = deadline - .now
      guard left > .zero else { return nil }
      let ready = poll(&entry, 1, CInt(min(60_000, left / .milliseconds(1))) + 1)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      guard ready > 0 else { return nil }
      let count = Glibc.read(descriptor.number, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0, output.count + count <= outputLimit else { return nil }
      if count == 0 { return output }
      output.append(contentsOf: buffer[..<count])
    }
  }

  // MARK: Ending

  /// Waits until a child that has closed its output has ended, or the deadline has come. It is not
  /// reaped yet.
  private func waitForEnd(of child: pid_t) {
    while MonotonicTime.now < deadline {
      var information = siginfo_t()
      // WNOHANG with nothing to tell leaves the number of the signal as it was: 0.
      let code = waitid(P_PID, id_t(child), &information, WEXITED | WNOHANG | WNOWAIT)
      if code != 0 && errno == EINTR { continue }
      if code != 0 || information.si_signo != 0 { return }
      // A process has nothing to wait on together with a deadline; this is over within a moment.
      SystemThread.sleep(for: .milliseconds(1))
    }
  }

  /// Ends a child with all its group, as far as it hasn't ended, and reaps it.
  ///
  /// - Returns: its status (wait(2)), 0 if it ended by itself and well.
  private static func reap(_ child: pid_t) -> CInt {
    // Until it is reaped its number is its own, and the group's as well.
    _ = kill(-child, SIGKILL)
    var status: CInt = -1
    while waitpid(child, &status, 0) < 0 {
      if errno != EINTR { return -1 }
    }
    return status
  }
}
