/// The host of a URL or of a `Host` field: an address in numbers, or a name (RFC 3986, section 3.2.2).
///
/// Names are stricter than there: letters, digits, `-`, `_` and `.`, in lower case, as resolvers and browsers have them.
/// A name whose last part is a number is an address that is written oddly, and refused.
package enum HostName: Sendable, Hashable {
  case ipv4(UInt32)
  /// Eight groups.
  case ipv6([UInt16])
  case name(String)

  /// The longest name, in bytes (RFC 1035, section 2.3.4).
  private static let longestName = 253

  /// Reads a host, an IPv6 address in brackets; `nil` if it is none.
  package init?(_ text: some StringProtocol) {
    if text.first == "[" {
      guard text.last == "]", let groups = Self.ipv6Groups(text.dropFirst().dropLast()) else {
        return nil
      }
      self = .ipv6(groups)
    } else if let address = Self.ipv4Number(text) {
      self = .ipv4(address)
    } else {
      guard let name = Self.checkedName(text) else { return nil }
      self = .name(name)
    }
  }

  /// Whether it can only mean this machine (RFC 6761, section 6.3).
  package var isLoopback: Bool {
    switch self {
    case .ipv4(let address): address >> 24 == 127
    case .ipv6(let groups):
      groups == [0, 0, 0, 0, 0, 0, 0, 1]
        || groups.prefix(6) == [0, 0, 0, 0, 0, 0xFFFF] && groups[6] >> 8 == 127
    case .name(let name): name == "localhost" || name.hasSuffix(".localhost")
    }
  }

  /// Whether it is an address in numbers, which no name server can change.
  package var isNumeric: Bool {
    if case .name = self { false } else { true }
  }

  private static func checkedName(_ text: some StringProtocol) -> String? {
    var name = HTTPCharacters.lowercased(text)
    // A last dot makes it absolute, and means the same.
    if name.utf8.last == UInt8(ascii: ".") { name.removeLast() }
    guard name.utf8.count <= longestName else { return nil }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    let areSound = labels.allSatisfy { label in
      1...63 ~= label.utf8.count
        && label.utf8.allSatisfy { HTTPCharacters.isLetterOrDigit($0) || "-_".utf8.contains($0) }
    }
    guard areSound, let last = labels.last, !isNumber(last) else { return nil }
    return name
  }

  /// `7`, `0x7f`: where a name ends so, resolvers take it for an address (URL Standard, "ends in a number").
  private static func isNumber(_ label: some StringProtocol) -> Bool {
    label.utf8.allSatisfy(HTTPCharacters.isDigit)
      || label.hasPrefix("0x")
        && label.utf8.dropFirst(2).allSatisfy { HTTPCharacters.hexadecimal($0) != nil }
  }

  /// Four numbers without needless zeros.
  private static func ipv4Number(_ text: some StringProtocol) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var address: UInt32 = 0
    for part in parts {
      guard let number = HTTPCharacters.decimal(part), number <= 255,
        part.utf8.count == String(number).utf8.count
      else { return nil }
      address = address << 8 | UInt32(number)
    }
    return address
  }

  /// The eight groups of an address (RFC 4291, section 2.2), `nil` if it is none. A zone is not allowed.
  private static func ipv6Groups(_ text: some StringProtocol) -> [UInt16]? {
    guard let gap = Self.gap(in: text) else { return groups(of: text, longest: 8, isWhole: true) }
    guard let head = groups(of: text[..<gap.lowerBound], longest: 7, isWhole: false),
      let tail = groups(of: text[gap.upperBound...], longest: 7, isWhole: false, mayEndIn4: true),
      head.count + tail.count <= 7
    else { return nil }
    return head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
  }

  /// Where the first `::` is.
  private static func gap<Text: StringProtocol>(in text: Text) -> Range<Text.Index>? {
    var index = text.startIndex
    while index < text.endIndex {
      let next = text.utf8.index(after: index)
      if text.utf8[index] == UInt8(ascii: ":"), next < text.endIndex,
        text.utf8[next] == UInt8(ascii: ":")
      {
        return index..<text.utf8.index(after: next)
      }
      index = next
    }
    return nil
  }

  private static func groups(
    of text: some StringProtocol, longest: Int, isWhole: Bool, mayEndIn4: Bool = true
  ) -> [UInt16]? {
    if text.isEmpty { return isWhole ? nil : [] }
    var groups: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if index == parts.count - 1, mayEndIn4, let address = ipv4Number(part) {
        groups += [UInt16(address >> 16), UInt16(address & 0xFFFF)]
      } else {
        guard 1...4 ~= part.utf8.count,
          part.utf8.allSatisfy({ HTTPCharacters.hexadecimal($0) != nil }),
          let group = UInt16(part, radix: 16)
        else { return nil }
        groups.append(group)
      }
    }
    guard groups.count <= longest, !isWhole || groups.count == 8 else { return nil }
    return groups
  }
}

extension HostName: CustomStringConvertible {
  /// As it stands in a URL: lower case, an IPv6 address in brackets and shortened (RFC 5952).
  package var description: String {
    switch self {
    case .ipv4(let address):
      [24, 16, 8, 0].map { String(address >> $0 & 0xFF) }.joined(separator: ".")
    case .ipv6(let groups): "[\(Self.shortened(groups))]"
    case .name(let name): name
    }
  }

  /// The address with its first longest run of zeros, of two at least, left out.
  private static func shortened(_ groups: [UInt16]) -> String {
    func text(_ groups: ArraySlice<UInt16>) -> String {
      groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
    var longest = 0..<0
    for start in groups.indices {
      let end = groups[start...].firstIndex { $0 != 0 } ?? groups.endIndex
      if end - start > max(1, longest.count) { longest = start..<end }
    }
    guard !longest.isEmpty else { return text(groups[...]) }
    return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
  }
}
