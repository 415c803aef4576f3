internal import COpenSSL

/// For whom a certificate is: names of the domain name system, and addresses.
struct CertificateNames: Equatable {
  /// In lower case, each once, sorted.
  let names: [String]
  /// 4 or 16 bytes each, in the order of their texts.
  let addresses: [[UInt8]]

  /// Takes what may stand in a certificate, and leaves the rest out: a name with a space, an address among the names
  /// (`--host 192.168.1.5`).
  init(names: [String], addresses: [String]) {
    self.names = Set(names.filter { Self.isName($0) && Self.octets(of: $0) == nil })
      .map { $0.lowercased() }.sorted()
    self.addresses = Set(addresses).sorted().compactMap(Self.octets)
  }

  private init(_ names: [String], _ addresses: [[UInt8]]) {
    (self.names, self.addresses) = (names, addresses)
  }

  /// Those that another one lacks.
  func subtracting(_ other: CertificateNames) -> CertificateNames {
    CertificateNames(
      names.filter { !other.names.contains($0) }, addresses.filter { !other.addresses.contains($0) }
    )
  }

  /// These, and those of another one.
  func union(_ other: CertificateNames) -> CertificateNames {
    let more = other.subtracting(self)
    return CertificateNames(names + more.names, addresses + more.addresses)
  }

  /// Whether there are none.
  var isEmpty: Bool { names.isEmpty && addresses.isEmpty }

  /// Each as it stands in a URL, but for the brackets; IPv6 is not shortened.
  var texts: [String] { names + addresses.map(Self.text) }

  private static func text(of address: [UInt8]) -> String {
    guard address.count == 16 else { return address.map { String($0) }.joined(separator: ".") }
    return stride(from: 0, to: 16, by: 2)
      .map { String(UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]), radix: 16) }
      .joined(separator: ":")
  }

  private static func isName(_ name: String) -> Bool {
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    return name.utf8.count <= 253
      && labels.allSatisfy { label in
        1...63 ~= label.utf8.count
          && label.utf8.allSatisfy {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || isAlphanumeric($0)
          }
      }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  private static func octets(of text: String) -> [UInt8]? {
    guard let address = a2i_IPADDRESS(text) else {
      ERR_clear_error()
      return nil
    }
    defer { ASN1_OCTET_STRING_free(address) }
    return Array(
      UnsafeBufferPointer(
        start: ASN1_STRING_get0_data(address), count: Int(ASN1_STRING_length(address))))
  }
}

extension CertificateNames {
  /// The extension subjectAltName in DER (RFC 5280, section 4.2.1.6).
  var encodedAlternatives: [UInt8] {
    let all = names.map { GeneralName.dns($0) } + addresses.map { GeneralName.address($0) }
    return DER.element(DER.sequence, all.flatMap(\.encoded))
  }

  /// What an authority permits that is only for these.
  var constraints: NameConstraints {
    let ranges = addresses.map { address in
      GeneralName.address(address + [UInt8](repeating: 0xFF, count: address.count))
    }
    return NameConstraints(
      permitted: Set(
        names.map { .dns($0) } + ranges
          + [.email(NameConstraints.nobody), .uri(NameConstraints.nobody)]))
  }

  /// What an authority permits.
  init(permittedBy constraints: NameConstraints) {
    var (names, addresses): ([String], [[UInt8]]) = ([], [])
    for name in constraints.permitted {
      switch name {
      case .dns(let text): names.append(text)
      case .address(let bytes) where bytes.count == 8 || bytes.count == 32:
        addresses.append(Array(bytes.prefix(bytes.count / 2)))
      default: break
      }
    }
    (self.names, self.addresses) = (
      names.sorted(), addresses.sorted { $0.lexicographicallyPrecedes($1) }
    )
  }
}
