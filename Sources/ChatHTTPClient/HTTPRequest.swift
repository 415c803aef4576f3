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
