internal import ChatCore
internal import ChatFiles
internal import ChatHTTP

/// A request that can't be served, with its answer.
struct HTTPRefusal: Error {
  var answer: HTTPAnswer

  /// Refuses, with the reason for a person.
  init(_ status: HTTPStatus, _ reason: String, code: ResponseHead.Value? = nil) {
    answer = .refusal(status, reason, code: code)
  }

  /// Refuses as the talk does.
  ///
  /// - Parameter status: the answer's, where the code alone does not tell.
  init(_ refusal: Refusal, _ status: HTTPStatus? = nil) {
    self.init(
      status ?? Self.status(of: refusal.code), refusal.reason,
      code: ResponseHead.Value(refusal.code.rawValue))
  }

  private static func status(of code: ErrorCode) -> HTTPStatus {
    switch code {
    case .nickInUse: .conflict
    case .roomNotFound: .notFound
    case .fileTooLarge: .contentTooLarge
    case .serverFull, .shuttingDown, .tooManyTries: .serviceUnavailable
    default: .badRequest
    }
  }
}

extension ServerContext {
  /// Refuses as the talk does, and counts it.
  func refuse(_ refusal: Refusal, _ status: HTTPStatus? = nil) -> HTTPRefusal {
    metrics.noteRefusal(refusal.code)
    return HTTPRefusal(refusal, status)
  }

  /// Does something with the shelf.
  func shelf<Result>(
    _ body: () throws(ShelfError) -> Result
  ) throws(HTTPRefusal) -> Result {
    do throws(ShelfError) { return try body() } catch {
      let status: HTTPStatus? =
        switch error {
        case .noSpace: .insufficientStorage
        case .digestMismatch: .checksumMismatch
        default: nil
        }
      throw refuse(refusal(error), status)
    }
  }
}
