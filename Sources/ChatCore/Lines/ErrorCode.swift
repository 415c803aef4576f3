/// Why the server refused a line, as `code=` in an `[ERROR]` line.
public enum ErrorCode: String, Sendable, CaseIterable {
  /// The nickname, in whatever case, or one that looks like it, is taken.
  case nickInUse = "nick-in-use"
  /// The nickname breaks the rules of `Nickname`.
  case nickInvalid = "nick-invalid"
  /// The line was longer than `Limits.clientLineBytes`.
  case lineTooLong = "line-too-long"
  /// The server does not know this tag.
  case unknownTag = "unknown-tag"
  /// The tag is known, but what follows it is not what it takes.
  case badTag = "bad-tag"
  /// There is no such room.
  case roomNotFound = "room-not-found"
  /// No registered client has that nickname.
  case noSuchNick = "no-such-nick"
  /// Too many lines of the handshake were refused.
  case tooManyTries = "too-many-tries"
  /// The file is larger than the server takes.
  case fileTooLarge = "file-too-large"
  /// The server does not take the file: its name, or there is no space, or too many come in at once.
  case fileRefused = "file-refused"
  /// What was sent is not what was announced: more, less, or other bytes.
  case fileMismatch = "file-mismatch"
  /// There is no such file in this room, or no such upload.
  case noSuchFile = "no-such-file"
  /// The client did not read its pending output.
  case slowConsumer = "slow-consumer"
  /// The server has as many clients as it takes.
  case serverFull = "server-full"
  /// The client's address has as many connections as one may have.
  case tooManyConnections = "too-many-connections"
  /// The server takes connections from other machines over TLS alone.
  case tlsRequired = "tls-required"
  /// The server is stopping.
  case shuttingDown = "shutting-down"
}

/// A refused line: what its sender is told.
public struct Refusal: Error, Hashable, Sendable {
  /// The reason for a program.
  public let code: ErrorCode
  /// The reason for a person: one line of clean text.
  public let reason: String

  /// Makes a refusal. `reason` has to be clean text; the server's own words are.
  public init(_ code: ErrorCode, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  /// A line was longer than a client may send.
  public static let lineTooLong = Refusal(
    .lineTooLong, "a line has at most \(Limits.clientLineBytes) bytes")
}
