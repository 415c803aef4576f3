internal import ChatCore

/// How the client ends, as its exit code (sysexits.h for the larger ones).
package enum ClientExit: Int32, Error, Sendable {
  /// Left as it wanted to.
  case left = 0
  /// The connection is lost for good, or standard output is, or something that was said may be.
  case lost = 1
  /// The command line is wrong, or lacks what can't be asked for.
  case wrongUsage = 2
  /// The server can't be reached, or lets no client in.
  case unavailable = 69
  /// The nickname, or the server's key, was refused.
  case refused = 77

  /// How the client ends if it was refused with this code in the handshake.
  init(refusedWith code: String) {
    self =
      switch ErrorCode(rawValue: code) {
      case .nickInUse, .nickInvalid, .tooManyTries: .refused
      case .serverFull, .shuttingDown, .tooManyConnections, .tlsRequired: .unavailable
      default: code.hasPrefix("password-") ? .refused : .lost
      }
  }
}
