/// A line about the connection, or for the person who reads it.
public enum ControlLine: Sendable, Equatable {
  /// `[PING]:token`.
  case ping(token: String)
  /// `[PONG]:token`.
  case pong(token: String)
  /// `[NOTICE]:text`.
  case notice(String)
  /// `[ERROR]:reason` with `code=`, which may be one this version has no name for.
  case error(code: String, reason: String)

  /// The line's bytes with its LF.
  public func encoded() -> [UInt8] { tagged.encoded() }

  private var tagged: TaggedLine {
    switch self {
    case .ping(let token): TaggedLine("PING", token)
    case .pong(let token): TaggedLine("PONG", token)
    case .notice(let text): TaggedLine("NOTICE", text)
    case .error(let code, let reason): TaggedLine("ERROR", reason, [.init("code", code)])
    }
  }

  /// Reads a tagged line; `nil` if it is something else. An `[ERROR]` with `id=` is a `TransferLine`.
  init?(_ line: TaggedLine) {
    switch line.tag {
    case "PING": self = .ping(token: line.value)
    case "PONG": self = .pong(token: line.value)
    case "NOTICE": self = .notice(line.value)
    case "ERROR": self = .error(code: line["code"] ?? "", reason: line.value)
    default: return nil
    }
  }
}
