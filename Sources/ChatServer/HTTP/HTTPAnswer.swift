internal import ChatHTTP

/// What a request is answered with: a head, and all of the content.
struct HTTPAnswer {
  var head: ResponseHead
  var content: [UInt8] = []

  /// An answer with text.
  init(_ status: HTTPStatus, _ contentType: ResponseHead.Value, _ text: String) {
    head = ResponseHead(status)
    head[.contentType] = contentType
    content = Array(text.utf8)
  }

  /// An answer without content.
  init(_ status: HTTPStatus) { head = ResponseHead(status) }

  /// A refusal, with its reason for a person.
  ///
  /// - Parameter code: the reason for a program, a word as in `[ERROR]` lines.
  static func refusal(
    _ status: HTTPStatus, _ reason: String, code: ResponseHead.Value? = nil
  ) -> HTTPAnswer {
    var answer = HTTPAnswer(
      status, "text/plain; charset=utf-8", "\(status.rawValue) \(status.phrase): \(reason)\n")
    answer.head[.cacheControl] = "no-store"
    answer.head[.chatCode] = code
    return answer
  }
}
