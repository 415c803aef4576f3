internal import COpenSSL

/// A name in a certificate's extensions: GeneralName (RFC 5280, section 4.2.1.6).
enum GeneralName: Hashable {
  /// A mailbox or, in a constraint, the host of mailboxes.
  case email(String)
  case dns(String)
  /// A URI or, in a constraint, the host of URIs.
  case uri(String)
  /// 4 or 16 bytes; in a constraint followed by a mask of the same length.
  case address([UInt8])

  /// Its DER (X.690): the tags are implicit.
  var encoded: [UInt8] {
    switch self {
    case .email(let text): DER.element(0x81, Array(text.utf8))
    case .dns(let text): DER.element(0x82, Array(text.utf8))
    case .uri(let text): DER.element(0x86, Array(text.utf8))
    case .address(let bytes): DER.element(0x87, bytes)
    }
  }

  /// Reads one of OpenSSL's; `nil` for the kinds that are not listed here.
  ///
  /// Safety: `name` is not changed meanwhile.
  init?(_ name: UnsafePointer<GENERAL_NAME>) {
    func bytes(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> [UInt8] {
      Array(
        UnsafeBufferPointer(
          start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
    }
    func text(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> String {
      String(decoding: bytes(string), as: UTF8.self)
    }
    switch name.pointee.type {
    case GEN_EMAIL: self = .email(text(name.pointee.d.rfc822Name))
    case GEN_DNS: self = .dns(text(name.pointee.d.dNSName))
    case GEN_URI: self = .uri(text(name.pointee.d.uniformResourceIdentifier))
    case GEN_IPADD: self = .address(bytes(name.pointee.d.iPAddress))
    default: return nil
    }
  }
}

/// What is written of DER (X.690): an element at a time. Pure.
enum DER {
  static let sequence: UInt8 = 0x30

  /// An element with a tag of one byte.
  static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    var length = content.count
    guard length >= 0x80 else { return [tag, UInt8(length)] + content }
    var digits: [UInt8] = []
    while length > 0 {
      digits.insert(UInt8(length & 0xFF), at: 0)
      length >>= 8
    }
    return [tag, 0x80 | UInt8(digits.count)] + digits + content
  }
}
