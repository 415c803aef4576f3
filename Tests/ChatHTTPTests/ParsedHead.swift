import ChatHTTP
import Testing

/// Reads a head in pieces.
enum ParsedHead {
  /// The outcome of bytes that come in pieces, and how many of them were read.
  static func outcome(of pieces: [ArraySlice<UInt8>]) -> RequestHeadParser.Outcome {
    var parser = RequestHeadParser()
    var before = 0
    for piece in pieces {
      switch parser.feed(piece.span) {
      case .needMore: before += piece.count
      case .head(let head, let consumed): return .head(head, consumed: before + consumed)
      case .refused(let refusal): return .refused(refusal)
      }
    }
    return .needMore
  }

  /// The outcome of text that comes at once.
  static func outcome(of text: String) -> RequestHeadParser.Outcome {
    outcome(of: [Array(text.utf8)[...]])
  }

  /// A head that is taken.
  static func head(_ text: String) throws -> RequestHead {
    let outcome = outcome(of: text)
    guard case .head(let head, _) = outcome else {
      Issue.record("\(text): \(outcome)")
      throw Refused()
    }
    return head
  }

  /// A GET with these fields.
  static func get(_ fields: String..., path: String = "/") throws -> RequestHead {
    try request("GET", path, fields)
  }

  /// A request with these fields.
  static func request(_ method: String, _ path: String, _ fields: [String]) throws -> RequestHead {
    let host = fields.contains { $0.hasPrefix("Host:") } ? [] : ["Host: 127.0.0.1:55555"]
    let lines = ["\(method) \(path) HTTP/1.1"] + host + fields + ["", ""]
    return try head(lines.joined(separator: "\r\n"))
  }

  /// A head that should have been taken.
  struct Refused: Error {}
}
