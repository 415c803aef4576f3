internal import Glibc

/// A program that is run once, for what it writes to its standard output, within bounds on its time, memory and output.
///
/// It gets a session of its own without a terminal, no input, none of our descriptors, signal settings and environment. No
/// shell is involved. Whatever happens, it and its process group are killed and reaped before `output` returns.
package struct ChildProcess {
  private let path: FilePath
  private let arguments: [FilePath]
  private let environment: [FilePath]
  private let outputLimit: Int
  private let memoryLimit: Int
  private let deadline: MonotonicTime

  /// Prepares a program.
  ///
  /// - Parameters:
  ///   - path: the program, absolute.
  ///   - arguments: what follows its name on the command line.
  ///   - environment: all of its environment, `NAME=VALUE`.
  ///   - outputLimit: the most bytes it may write.
  ///   - memoryLimit: the most bytes of its address space (RLIMIT_AS).
  ///   - deadline: when it has to be done.
  package init(
    path: FilePath, arguments: [FilePath], environment: [FilePath], outputLimit: Int,
    memoryLimit: Int, deadline: MonotonicTime
  ) {
    (self.path, self.arguments, self.environment) = (path, arguments, environment)
    (self.outputLimit, self.memoryLimit, self.deadline) = (outputLimit, memoryLimit, deadline)
  }

  /// Whether a path leads to a file that this process may execute (access(2)).
  package static func canRun(_ path: FilePath) -> Bool {
    var status = stat()
    return stat(path.cString, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && access(path.cString, X_OK) == 0
  }

  /// Runs it.
  ///
  /// Thread: any; it blocks. Owns: the process, until it is reaped here.
  /// - Returns: all it wrote; `nil` if it could not be started, failed, wrote too much or took too long.
  package func output() -> [UInt8]? {
    // Swift does not show pipe2(2), which opens a pipe with O_CLOEXEC. A pair of sockets does the same (unix(7)).
    var numbers: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &numbers) == 0 else { return nil }
    let reading = Descriptor(owning: numbers[0])
    guard let child = start(writingTo: Descriptor(owning: numbers[1])) else { return nil }
    limit(child)
    let output = read(from: reading)
    if output != nil { waitForEnd(of: child) }
    return Self.reap(child) == 0 ? output : nil
  }

  // MARK: Starting

  /// Starts it (posix_spawn(3)).
  ///
  /// Owns: the descriptor it writes to, which is closed here afterwards: the stream ends with the child and the child's
  /// own children.
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
    // The child must not inherit what this process ignores or blocks.
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
      Self.withStrings(environment) { environment in
        posix_spawn(&child, path.cString, &actions, &attributes, arguments, environment)
      }
    }
    return code == 0 ? child : nil
  }

  /// Closes all descriptors but the standard ones in the child, also those without O_CLOEXEC
  /// (posix_spawn_file_actions_addclosefrom_np(3), glibc 2.34).
  private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
    typealias Call = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt
    // <spawn.h> declares it under _GNU_SOURCE only, so Swift does not show it.
    guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
    // Safety: this is the function's type in its header.
    _ = unsafeBitCast(symbol, to: Call.self)(&actions, 3)
  }

  /// C's form of a list of strings, which ends with a null pointer.
  private static func withStrings<Result>(
    _ strings: [FilePath], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    // Safety: each copy lives until `body` has returned, and is freed once.
    let copies = strings.map { strdup($0.cString) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }

  /// Limits the memory and the processor time of a child that has just started (prlimit(2)). Without that call, there is
  /// still the deadline.
  private func limit(_ child: pid_t) {
    typealias Call =
      @convention(c) (pid_t, CInt, UnsafePointer<rlimit>?, UnsafeMutablePointer<rlimit>?)
      -> CInt
    // <sys/resource.h> declares it under _GNU_SOURCE only, so Swift does not show it.
    guard let symbol = dlsym(nil, "prlimit") else { return }
    // Safety: this is the function's type in its man page; a C enumeration is a CInt.
    let prlimit = unsafeBitCast(symbol, to: Call.self)
    for (resource, amount) in [
      (RLIMIT_AS, rlim_t(memoryLimit)), (RLIMIT_CPU, 30), (RLIMIT_CORE, 0), (RLIMIT_FSIZE, 0),
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

  /// Waits until a child that has closed its output has ended, or until the deadline. The child is not reaped yet.
  private func waitForEnd(of child: pid_t) {
    while MonotonicTime.now < deadline {
      var information = siginfo_t()
      // WNOHANG without a result leaves the signal's number unchanged: 0.
      let code = waitid(P_PID, id_t(child), &information, WEXITED | WNOHANG | WNOWAIT)
      if code != 0 && errno == EINTR { continue }
      if code != 0 || information.si_signo != 0 { return }
      // There is nothing to wait on with a deadline (without pidfd_open); this is over within a moment.
      SystemThread.sleep(for: .milliseconds(1))
    }
  }

  /// Kills what is left of a child's process group, and reaps the child.
  ///
  /// - Returns: its status (wait(2)); 0 if it ended by itself and successfully.
  private static func reap(_ child: pid_t) -> CInt {
    // Neither its number nor the group's is used again before it is reaped.
    _ = kill(-child, SIGKILL)
    var status: CInt = -1
    while waitpid(child, &status, 0) < 0 {
      if errno != EINTR { return -1 }
    }
    return status
  }
}
