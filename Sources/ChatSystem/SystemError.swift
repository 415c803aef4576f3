internal import Glibc

/// A system call that failed: which one, and its `errno`.
package struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The call's name, as its man page has it.
  package let call: String
  /// `errno(3)`.
  package let code: CInt

  /// Makes an error of the calling thread's current `errno`.
  package init(_ call: String, code: CInt = errno) {
    self.call = call
    self.code = code
  }

  /// The system's own words for the error.
  package var reason: String { String(cString: strerror(code)) }

  /// For a log.
  package var description: String { "\(call): \(reason)" }

  /// EMFILE: no descriptor is left.
  package static let tooMany = EMFILE

  /// ENOMEM: there is no memory left, or too little to go on safely.
  package static let noMemory = ENOMEM

  /// EAGAIN, also known as EWOULDBLOCK: it would have to wait, or has waited long enough.
  package static let wouldBlock = EAGAIN

  /// The code of a device that failed, or of a file that is shorter than it was.
  package static let inputOutput = EIO

  /// EEXIST: there is something of this name already.
  package static let alreadyExists = EEXIST

  /// EPROTO: the peer broke the protocol's rules.
  package static let protocolError = EPROTO

  /// EPIPE: nothing can be sent any more.
  package static let brokenPipe = EPIPE

  /// EINVAL: the call makes no sense for what it was given.
  package static let invalidArgument = EINVAL

  /// The file is too large.
  package static let fileTooLarge = EFBIG

  /// Nothing has the name.
  package var isMissing: Bool { code == ENOENT }

  /// What has the name is not a file, but a folder, a link, a pipe or a device.
  package var isOtherKind: Bool { [EISDIR, ELOOP, ENXIO, EINVAL].contains(code) }

  /// The disk, a quota or the allowed size of a file is used up.
  package var isNoSpace: Bool { [ENOSPC, EDQUOT, EFBIG].contains(code) }

  /// The process or the system has no descriptor, thread or memory left: it may have one later.
  package var isShortage: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN].contains(code) }

  /// The peer of a connection being accepted was gone already (accept(2), "Error handling").
  package var isPeersOwn: Bool {
    [ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH].contains(code)
  }
}

/// Runs a system call, again if a signal interrupted it.
///
/// - Parameter body: makes the call; negative means `errno` says why it failed.
@discardableResult
@inline(__always)
package func system<Result: SignedInteger>(
  _ name: StaticString, _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = body()
    if result >= 0 { return result }
    if errno != EINTR { throw SystemError("\(name)") }
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, as poll(2) takes them.
  var pollMilliseconds: CInt {
    let (seconds, attoseconds) = components
    guard seconds < 1_000_000 else { return 1_000_000_000 }
    return CInt(
      max(0, seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
  }
}
