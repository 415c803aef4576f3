package import ChatCore
package import ChatHTTP

/// What the server has done since it started, in numbers.
///
/// Counted where it happens, and seldom: rooms count once for each read of a client, broadcasters once for each pass.
///
/// Thread: any; no lock.
package final class Metrics: Sendable {
  /// What is spoken over a connection.
  package enum ConnectionKind: String, Sendable, CaseIterable {
    case talk, http
  }

  /// The connections of one kind.
  package final class Connections: Sendable {
    /// How many have begun.
    package let begun = Counter()
    /// How many of them have ended.
    package let ended = Counter()
    /// How many there are.
    package var open: UInt64 {
      // In this order: one that ends meanwhile is counted as open, and none is less than none.
      let ended = ended.count
      return begun.count - ended
    }

    init() {}
  }

  private let connections: [[Connections]] = ConnectionKind.allCases.map { _ in
    [Connections(), Connections()]
  }

  /// The connections that speak this, over TLS or not.
  package func connections(_ kind: ConnectionKind, isEncrypted: Bool) -> Connections {
    connections[kind == .talk ? 0 : 1][isEncrypted ? 1 : 0]
  }

  /// Lines that rooms have taken, those that the server says among them.
  package let linesSaid = Counter()
  /// Lines that members were sent: one line that ten were sent counts ten. Those that were sent in part count when
  /// their reader has all there is.
  package let linesDelivered = Counter()
  /// Bytes that members were sent, what they alone were sent among them.
  package let bytesDelivered = Counter()
  /// Passes of broadcasters.
  package let passes = Counter()
  /// From when the oldest line that a pass sends was said until the pass has sent it to all who take it.
  package let lineLatency = LatencyHistogram()
  /// Slow readers that were cut off, and those that were left to read on from the history.
  package let slowReadersCut = Counter()
  package let slowReadersDetached = Counter()

  private let refusals: [ErrorCode: Counter] = Dictionary(
    uniqueKeysWithValues: ErrorCode.allCases.map { ($0, Counter()) })
  private let answers: [HTTPStatus: Counter] = Dictionary(
    uniqueKeysWithValues: HTTPStatus.allCases.map { ($0, Counter()) })

  /// Nothing has happened yet.
  package init() {}

  /// A client's line was refused.
  package func noteRefusal(_ code: ErrorCode) { refusals[code]?.add() }

  /// How many lines were refused with a code.
  package func refusals(_ code: ErrorCode) -> UInt64 { refusals[code]?.count ?? 0 }

  /// A request of HTTP was answered.
  package func noteAnswer(_ status: HTTPStatus) { answers[status]?.add() }

  /// How many requests were answered with a status.
  package func answers(_ status: HTTPStatus) -> UInt64 { answers[status]?.count ?? 0 }
}
