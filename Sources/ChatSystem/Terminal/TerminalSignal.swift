internal import Glibc

/// The signals that concern a program which has changed its terminal.
///
/// They are blocked in all threads but one, which waits for them: it handles them outside of signal handlers, and may
/// take locks.
package enum TerminalSignal: Equatable, Sendable {
  /// The process is to end by this signal.
  case ending(CInt)
  /// It is to stop: SIGTSTP, from Ctrl-Z or from anybody.
  case stop
  /// It was stopped, and goes on.
  case goOn
  /// The screen has another size.
  case resized
  /// The time asked for is over.
  case alarm

  private static let endings = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

  /// Those that are not ignored.
  private static var all: [CInt] {
    (endings + [SIGTSTP]).filter { !isIgnored($0) } + [SIGCONT, SIGWINCH, SIGALRM]
  }

  /// Blocks them.
  ///
  /// Thread: the only one; those that start later inherit it.
  package static func block() { Process.block(all) }

  /// Lets them do again what they do by default.
  package static func unblock() { Process.unblock(all) }

  /// Waits for the next one.
  ///
  /// Thread: the one that does nothing else.
  package static func wait() -> TerminalSignal {
    switch Process.waitForSignal(all) {
    case SIGTSTP: .stop
    case SIGCONT: .goOn
    case SIGWINCH: .resized
    case SIGALRM: .alarm
    case let number: .ending(number)
    }
  }

  /// Stops all processes of the job, as Ctrl-Z at a terminal does.
  package static func stopJob() { kill(0, SIGTSTP) }

  /// Stops the process, until it is to go on; returns at once if no process could continue it (setpgid(2),
  /// orphaned process groups).
  ///
  /// Thread: the one that waits for the signals.
  package static func stopProcess() {
    // A signal of this thread's own is delivered before the call that unblocks it returns.
    pthread_kill(pthread_self(), SIGTSTP)
    Process.unblock([SIGTSTP])
    Process.block([SIGTSTP])
  }

  /// Ends the process by a signal, as if it had not been blocked.
  package static func endProcess(by number: CInt) -> Never {
    pthread_kill(pthread_self(), number)
    Process.unblock([number])
    Process.exit(128 + number)
  }

  /// Raises `alarm` once after less than a second (ualarm(3)).
  package static func raiseAlarm(after duration: Duration) {
    let (_, attoseconds) = duration.components
    ualarm(useconds_t(max(1, attoseconds / 1_000_000_000_000)), 0)
  }

  private static func isIgnored(_ number: CInt) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    // Safety: SIG_IGN is an address that is no function's, and compared alone.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
