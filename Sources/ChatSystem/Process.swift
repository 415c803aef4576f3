internal import CLinux
internal import Glibc

/// What concerns the process as a whole.
package enum Process {
  /// This machine's name (gethostname(2)); empty if it has none.
  package static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The signals that ask a program to end: an interrupt from the terminal, and a polite request.
  package static let endings: [CInt] = [SIGINT, SIGTERM]

  /// What asks a server to read its settings again, and ends other programs: their terminal is gone.
  package static let hangup: CInt = SIGHUP

  /// The other signals that end a program which does nothing about them: of a terminal that is gone, and of Ctrl-\.
  package static let hangups: [CInt] = [SIGHUP, SIGQUIT]

  /// Opens those of the standard streams that are closed on /dev/null: the next file or socket that is
  /// opened would be taken for them. Reading then finds the end; what is written is gone.
  ///
  /// Thread: the only one, before anything else is opened.
  package static func openStandardStreams() {
    for number: CInt in 0...2 where fcntl(number, F_GETFD) == -1 && errno == EBADF {
      // The lowest number that is free is the one that is opened. Where there is no /dev, the number is
      // taken all the same: reading and writing fail.
      let flags = number == 0 ? O_RDONLY : O_WRONLY
      if open("/dev/null", flags) == -1 { _ = open("/", O_RDONLY | O_DIRECTORY) }
    }
  }

  /// Blocks signals in the calling thread and all it starts, so that `waitForSignal` gets them.
  package static func block(_ signals: [CInt]) {
    var set = Self.set(signals)
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Lets signals do again what they do by default.
  package static func unblock(_ signals: [CInt]) {
    var set = Self.set(signals)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// Waits for one of some blocked signals (sigwait(3)), and says which came.
  package static func waitForSignal(_ signals: [CInt]) -> CInt {
    var set = Self.set(signals)
    var signal: CInt = 0
    while sigwait(&set, &signal) != 0 {}
    return signal
  }

  /// Has signals end the process also where the system does nothing about them by default: for the first process of
  /// a container (pid_namespaces(7)). One that somebody has it ignore is ignored.
  ///
  /// Thread: main, before others are started.
  package static func takeEndingsAsFirst(_ signals: [CInt]) {
    guard getpid() == 1 else { return }
    for number in signals {
      var action = sigaction()
      sigaction(number, nil, &action)
      // Safety: SIG_DFL is an address that is no function's, and compared alone.
      let isDefault =
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        == unsafeBitCast(SIG_DFL, to: Int.self)
      // As a shell has it for a program that a signal ended. _exit(2) is safe in a handler.
      if isDefault { _ = signal(number) { _exit(128 + $0) } }
    }
  }

  /// Makes writing into a closed pipe an error (EPIPE), instead of the end of the process.
  package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

  /// Raises the limit of open descriptors as far as the system allows (setrlimit(2)).
  ///
  /// - Returns: how many that is.
  @discardableResult
  package static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }

  /// How many descriptors may be open (getrlimit(2)); it can be changed while the process runs.
  package static var descriptorLimit: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
    return Int(clamping: limit.rlim_cur)
  }

  /// The number that the next descriptor gets (fcntl(2), F_DUPFD); `nil` if there is none.
  package static var lowestFreeDescriptor: Int? {
    let number = fcntl(STDERR_FILENO, F_DUPFD, 0)
    guard number >= 0 else { return nil }
    close(number)
    return Int(number)
  }

  /// Gives memory that was freed back to the system (malloc_trim(3)).
  package static func returnFreeMemory() { _ = malloc_trim(0) }

  /// How the program was called.
  package static var program: FilePath { clinux_argument(0).map { FilePath(bytes(of: $0)) } ?? "" }

  /// The path of another program, as this one was called: it lies in the same folder.
  package static func sibling(_ name: String, of program: String = program.text) -> String {
    program.lastIndex(of: "/").map { "\(program[...$0])\(name)" } ?? name
  }

  /// What `main` was given, the program's name not included: bytes, as the system passes them.
  package static var arguments: [[UInt8]] {
    (1..<max(1, clinux_argument_count())).map { number in
      clinux_argument(number).map { bytes(of: $0) } ?? []
    }
  }

  /// One's own folder, `$HOME`, if that is known.
  package static var homeFolder: FilePath? { path("HOME") }

  /// A variable of the environment; `nil` if it is not there, or empty.
  package static func variable(_ name: String) -> String? {
    // Safety: the string is copied before anything else can change the environment.
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A variable of the environment that names a path; `nil` if it is not there, or empty.
  package static func path(_ name: String) -> FilePath? {
    // Safety: the string is copied before anything else can change the environment.
    getenv(name).map { FilePath(bytes(of: $0)) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Safety: the string ends with a NUL, as C's do.
  private static func bytes(of string: UnsafePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: string, count: strlen(string)))
  }

  /// The folder of a program's state (XDG Base Directory Specification, 0.8):
  /// `$XDG_STATE_HOME/NAME`, else `~/.local/state/NAME`.
  package static func stateFolder(for name: String) -> FilePath {
    // A relative path in the variable is to be ignored.
    if let folder = path("XDG_STATE_HOME"), folder.isAbsolute {
      return folder.appending(FilePath(name))
    }
    return (homeFolder ?? "/").appending(".local/state").appending(FilePath(name))
  }

  /// Makes a write beyond the allowed file size an error, instead of the end of the process (setrlimit(2)).
  package static func ignoreFileSizeLimit() { _ = signal(SIGXFSZ, SIG_IGN) }

  /// Ends the process now.
  package static func exit(_ code: CInt) -> Never { Glibc.exit(code) }

  private static func set(_ signals: [CInt]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    return set
  }
}
