/// The status codes that this server answers with (RFC 9110, section 15; RFC 6585 for 431, RFC 4918 for 423).
package enum HTTPStatus: Int, Sendable, CaseIterable {
  case `continue` = 100
  case switchingProtocols = 101
  case ok = 200
  case created = 201
  case noContent = 204
  case partialContent = 206
  case notModified = 304
  case permanentRedirect = 308
  case badRequest = 400
  case unauthorized = 401
  case forbidden = 403
  case notFound = 404
  case methodNotAllowed = 405
  case requestTimeout = 408
  case conflict = 409
  case gone = 410
  case lengthRequired = 411
  case preconditionFailed = 412
  case contentTooLarge = 413
  case uriTooLong = 414
  case unsupportedMediaType = 415
  case rangeNotSatisfiable = 416
  case expectationFailed = 417
  case misdirectedRequest = 421
  case locked = 423
  case upgradeRequired = 426
  case tooManyRequests = 429
  case headerFieldsTooLarge = 431
  /// Of tus.
  case checksumMismatch = 460
  case internalServerError = 500
  case notImplemented = 501
  case serviceUnavailable = 503
  case versionNotSupported = 505
  case insufficientStorage = 507

  /// The words after the code, which clients ignore.
  package var phrase: String {
    switch self {
    case .continue: "Continue"
    case .switchingProtocols: "Switching Protocols"
    case .ok: "OK"
    case .created: "Created"
    case .noContent: "No Content"
    case .partialContent: "Partial Content"
    case .notModified: "Not Modified"
    case .permanentRedirect: "Permanent Redirect"
    case .badRequest: "Bad Request"
    case .unauthorized: "Unauthorized"
    case .forbidden: "Forbidden"
    case .notFound: "Not Found"
    case .methodNotAllowed: "Method Not Allowed"
    case .requestTimeout: "Request Timeout"
    case .conflict: "Conflict"
    case .gone: "Gone"
    case .lengthRequired: "Length Required"
    case .preconditionFailed: "Precondition Failed"
    case .contentTooLarge: "Content Too Large"
    case .uriTooLong: "URI Too Long"
    case .unsupportedMediaType: "Unsupported Media Type"
    case .rangeNotSatisfiable: "Range Not Satisfiable"
    case .expectationFailed: "Expectation Failed"
    case .misdirectedRequest: "Misdirected Request"
    case .locked: "Locked"
    case .checksumMismatch: "Checksum Mismatch"
    case .upgradeRequired: "Upgrade Required"
    case .tooManyRequests: "Too Many Requests"
    case .headerFieldsTooLarge: "Request Header Fields Too Large"
    case .internalServerError: "Internal Server Error"
    case .notImplemented: "Not Implemented"
    case .serviceUnavailable: "Service Unavailable"
    case .versionNotSupported: "HTTP Version Not Supported"
    case .insufficientStorage: "Insufficient Storage"
    }
  }

  /// Whether an answer with this status has content (RFC 9110, section 6.4.1).
  package var allowsContent: Bool {
    switch self {
    case .continue, .switchingProtocols, .noContent, .notModified: false
    default: true
    }
  }
}

/// The version in a request line.
package enum HTTPVersion: Sendable, Comparable {
  case http10
  case http11
}

/// A request that is not taken: how it is answered, and why. The connection ends then, because it is not known where
/// the next request begins.
package struct RequestRefusal: Error, Sendable, Equatable {
  /// The answer's status.
  package let status: HTTPStatus
  /// For a person, in plain ASCII that quotes nothing of the request.
  package let reason: String

  /// Makes a refusal.
  package init(_ status: HTTPStatus, _ reason: StaticString) {
    (self.status, self.reason) = (status, "\(reason)")
  }
}
