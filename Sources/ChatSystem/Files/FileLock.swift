internal import CLinux
internal import Glibc

/// Locks whole files against all who open them anew and lock them, in this process or another.
package enum FileLock {
  /// What came of trying.
  package enum Outcome: Equatable, Sendable {
    /// It is ours, until it is given back or what was opened is closed.
    case taken
    /// Somebody else has it.
    case held
    /// The file system has no locks (some FUSE, NFS and Lustre mounts).
    case unsupported(SystemError)
  }

  /// Takes a file's lock, without waiting: flock(2); where there is none, that of fcntl(2) which belongs to what
  /// is open (F_OFD_SETLK).
  ///
  /// - Parameter number: a descriptor that is open for writing.
  package static func take(_ number: CInt) -> Outcome {
    do throws(SystemError) {
      try system("flock") { flock(number, LOCK_EX | LOCK_NB) }
      return .taken
    } catch {
      if error.code == EWOULDBLOCK { return .held }
      switch setRange(number, CInt(F_WRLCK)) {
      case nil: return .taken
      case let other? where other.code == EAGAIN || other.code == EACCES: return .held
      default: return .unsupported(error)
      }
    }
  }

  /// Gives the lock back, if it is ours.
  package static func release(_ number: CInt) {
    // Where there are no locks there is nothing to give back.
    _ = flock(number, LOCK_UN)
    _ = setRange(number, CInt(F_UNLCK))
  }

  private static func setRange(_ number: CInt, _ type: CInt) -> SystemError? {
    var range = Glibc.flock()
    range.l_type = Int16(type)
    range.l_whence = Int16(SEEK_SET)
    do throws(SystemError) {
      try system("fcntl") { fcntl(number, CInt(CLINUX_F_OFD_SETLK), &range) }
      return nil
    } catch {
      return error
    }
  }
}
