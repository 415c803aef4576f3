/// Why a WebSocket ends (RFC 6455, section 7.4; the registry of IANA).
package struct CloseCode: RawRepresentable, Sendable, Equatable {
  package let rawValue: UInt16

  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// It has done what it was for.
  package static let normal = CloseCode(rawValue: 1000)
  /// The server stops.
  package static let goingAway = CloseCode(rawValue: 1001)
  package static let protocolError = CloseCode(rawValue: 1002)
  /// Binary messages where only text is understood.
  package static let unsupportedData = CloseCode(rawValue: 1003)
  /// A text message that is no UTF-8.
  package static let invalidText = CloseCode(rawValue: 1007)
  /// It was refused.
  package static let policyViolation = CloseCode(rawValue: 1008)
  package static let messageTooBig = CloseCode(rawValue: 1009)
  /// Here: it did not read what it was sent.
  package static let internalError = CloseCode(rawValue: 1011)

  /// Whether a peer may send it: 1004 to 1006 and 1015 are never on the wire, 1016 to 2999 mean nothing yet.
  package var isAllowedOnTheWire: Bool {
    switch rawValue {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}
