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
