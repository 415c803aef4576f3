internal import ChatFiles
internal import ChatHTTP

/// What a request is answered with: a head, and the content.
struct HTTPAnswer {
  /// What follows the head.
  enum Content {
    case bytes([UInt8])
    case file(FilePart)
    /// Of the answer to a HEAD: so many bytes, none of which are sent.
    case unsent(UInt64)

    /// How many bytes it has.
    var count: UInt64 {
      switch self {
      case .bytes(let bytes): UInt64(bytes.count)
      case .file(let part): UInt64(part.range.count)
      case .unsent(let count): count
      }
    }
  }

  /// A part of a file, and the place among all downloads that sending it takes.
  struct FilePart {
    let content: OpenContent
    let range: Range<UInt64>
    let slot: TransferSlot
  }

  var head: ResponseHead
  var content = Content.bytes([])

  /// An answer with text.
  init(_ status: HTTPStatus, _ contentType: ResponseHead.Value, _ text: String) {
    self.init(status, contentType, bytes: Array(text.utf8))
  }

  /// An answer with bytes.
  init(_ status: HTTPStatus, _ contentType: ResponseHead.Value, bytes: [UInt8]) {
    head = ResponseHead(status)
    head[.contentType] = contentType
    content = .bytes(bytes)
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

  /// A head alone.
  init(_ head: ResponseHead) { self.head = head }

  /// The same with another status.
  func with(_ status: HTTPStatus) -> HTTPAnswer {
    var answer = self
    answer.head = head.with(status)
    return answer
  }
}
