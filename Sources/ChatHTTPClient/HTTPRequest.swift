/// A request, and what becomes of the bytes in both directions.
///
/// Thread: its functions are called by `HTTPClient.perform`, on the thread that waits there.
package struct HTTPRequest {
  /// What is asked.
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  /// What is sent with it.
  package struct Body {
    let sizeBytes: UInt64
    /// Fills the space with the bytes at an offset; false ends the request.
    let read: (UnsafeMutableRawBufferPointer, UInt64) -> Bool

    /// - Parameters:
    ///   - sizeBytes: how many bytes there are in all.
    ///   - read: fills the space with the bytes at an offset; false ends the request. It may be asked again from the
    ///     beginning.
    package init(
      sizeBytes: UInt64, read: @escaping (UnsafeMutableRawBufferPointer, UInt64) -> Bool
    ) {
      (self.sizeBytes, self.read) = (sizeBytes, read)
    }
  }

  let method: Method
  let path: String
  let fields: [(name: String, value: String)]
  let body: Body?
  /// How long next to nothing may pass.
  package var patience: Duration = .seconds(60)
  /// How long the answer may take once all of the body has been sent.
  package var answerPatience: Duration = .seconds(60)

  /// - Parameters:
  ///   - path: what follows the origin, encoded.
  ///   - fields: without line ends.
  package init(
    _ method: Method, _ path: String, _ fields: [(name: String, value: String)] = [],
    body: Body? = nil
  ) {
    (self.method, self.path, self.fields, self.body) = (method, path, fields, body)
  }
}

/// The head of an answer.
package struct HTTPReply: Sendable, Equatable {
  /// The three digits.
  package var status = 0
  /// Its receiver wanted no more of the body.
  package var isCutOff = false
  /// By their names in lower case; of several of one name the last.
  private var fields: [String: String] = [:]

  /// One that has no fields yet.
  package init(status: Int = 0) { self.status = status }

  /// A field's value, without white space around it.
  package subscript(name: String) -> String? {
    get { fields[name] }
    set { fields[name] = newValue }
  }

  /// A field that is a number.
  package func number(_ name: String) -> UInt64? {
    guard let text = fields[name], text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
    return UInt64(text)
  }

  var fieldCount: Int { fields.count }
}

/// Why there is no answer.
package enum HTTPFailure: Error, Equatable {
  /// `cancel` has ended it, or its body could not be read.
  case cancelled
  /// There is no connection.
  case unreachable(String)
  /// The server did not prove to be the one that is meant.
  case distrusted(String)
  /// What came is not HTTP, nor TLS where that was to be. A chat server that is asked too late has taken the connection
  /// for one of the talk.
  case notHTTP(String)
  /// The connection broke, or nothing came over it for too long.
  case lost(String)

  /// For a person.
  package var reason: String {
    switch self {
    case .cancelled: "cancelled"
    case .unreachable(let reason), .distrusted(let reason), .notHTTP(let reason),
      .lost(let reason):
      reason
    }
  }
}
