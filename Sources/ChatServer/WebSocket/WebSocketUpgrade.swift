internal import ChatCore
internal import ChatCrypto
internal import ChatHTTP

/// Answers `GET /ws`: the connection speaks WebSocket from there on, and over it the talk (RFC 6455, section 4.2.2).
struct WebSocketUpgrade {
  /// The talk's name among subprotocols.
  private static let subprotocol = "chat.1"

  /// Whether a request is for this.
  static func isMeant(by head: RequestHead) -> Bool {
    head.target.segments == ["ws"] && ["GET", "HEAD"].contains(head.method)
  }

  /// The answer: 101, or why not.
  ///
  /// A browser lets any page open a WebSocket to any server, so its origin has to be this server's, or one of those that
  /// its operator has named. Programs that are no browsers say no origin.
  ///
  /// - Parameter origin: where the request comes from.
  static func answer(_ head: RequestHead, _ origin: RequestOrigin) -> HTTPAnswer {
    if case .elsewhere(let reason) = origin {
      return .refusal(.forbidden, "\(reason)", code: "not-allowed")
    }
    do throws(RequestRefusal) {
      let request = try WebSocketRequest(head)
      guard request.protocols.isEmpty || request.protocols.contains(subprotocol) else {
        return .refusal(.badRequest, "the subprotocol is \(subprotocol)")
      }
      guard let digest = try? SHA1.digest(of: request.acceptSource) else {
        return .refusal(.serviceUnavailable, "the server is short of memory")
      }
      var answer = HTTPAnswer(.switchingProtocols)
      answer.head[.upgrade] = "websocket"
      answer.head[.secWebSocketAccept] = ResponseHead.Value(Base64.encoded(digest))
      if !request.protocols.isEmpty {
        answer.head[.secWebSocketProtocol] = ResponseHead.Value(subprotocol)
      }
      return answer
    } catch {
      var answer = HTTPAnswer.refusal(error.status, error.reason)
      if error.status == .upgradeRequired {
        answer.head[.upgrade] = "websocket"
        answer.head[.secWebSocketVersion] = WebSocketRequest.version
      }
      return answer
    }
  }
}
