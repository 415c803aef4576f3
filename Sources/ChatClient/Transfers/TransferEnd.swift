/// How a transfer ended.
enum TransferEnd: Sendable {
  /// It is saved under this name.
  case saved(String)
  /// It was sent, and has this id; `nil` if the server does not say.
  case sent(id: String?)
  /// - Parameter hasBegun: something of it has come or gone.
  case failed(String, hasBegun: Bool)
  /// It was wanted to end.
  case cancelled
}

/// Why a transfer can't go on.
enum TransferFailure: Error {
  case cancelled
  /// For a person.
  case reason(String)
}
