@_spi(_Unicode) import Swift

/// A nickname that keeps the protocol's rules.
///
/// 1 to `Limits.nicknameCharacters` characters and at most `Limits.nicknameBytes` bytes of letters,
/// digits, `-`, `_` and `.`, in Unicode's normalization form C. It holds no white space and no `:`,
/// so `nick: text` can be split at its first `: `. Invisible characters are not allowed, whatever category Unicode gives
/// them, so that two nicknames that differ look different; and no two clients have nicknames that look alike
/// (`lookalikes`).
public struct Nickname: Sendable, Hashable {
  /// The nickname as everyone sees it.
  public let text: String

  /// What makes it unique: two nicknames are the same if these are equal.
  ///
  /// Swift's strings compare by canonical equivalence, so this needs no normalization of its own.
  public let key: String

  /// Checks and normalizes a nickname that a client asks for.
  ///
  /// - Throws: `Refusal` with `nickInvalid`.
  public init(_ raw: some StringProtocol) throws(Refusal) {
    self = try Self.spelled(raw)
    try requireBearable()
  }

  /// Checks and normalizes a name that is spelled as nicknames are, whether or not it is reserved.
  ///
  /// - Throws: `Refusal` with `nickInvalid`.
  public static func spelled(_ raw: some StringProtocol) throws(Refusal) -> Nickname {
    // Normalization can shorten text, but not to a third: more than that needs no closer look.
    guard raw.utf8.count <= 3 * Limits.nicknameBytes else { throw tooLong }
    // The standard library's own normalizer. It is not yet public API (Swift Evolution's
    // "Unicode Normalization" pitch); Foundation's would load 30 MB for this one line.
    let text = String(String.UnicodeScalarView(String(raw)._nfc))
    guard !text.isEmpty else {
      throw Refusal(.nickInvalid, "a nickname has at least one character")
    }
    guard text.count <= Limits.nicknameCharacters, text.utf8.count <= Limits.nicknameBytes else {
      throw tooLong
    }
    guard text.unicodeScalars.allSatisfy(isAllowed), let first = text.unicodeScalars.first,
      !isMark(first)
    else {
      throw Refusal(.nickInvalid, "a nickname holds letters, digits, '-', '_' and '.' only")
    }
    return Nickname(text: text)
  }

  private init(text: String) {
    self.text = text
    key = text.uppercased().lowercased()
  }

  /// What it looks like, itself, in lower case and in capitals (UTS #39, skeletons). Two people can't bear nicknames that have one
  /// of these in common. Not for every line: it takes some microseconds.
  public var lookalikes: Set<String> {
    let plain = Lookalikes.plain(text)
    return Set(
      [text, plain, plain.lowercased(), plain.uppercased(), key].map { Lookalikes.skeleton($0) })
  }

  /// Checks what its letters alone do not tell.
  ///
  /// - Throws: `Refusal` with `nickInvalid` if it mixes scripts that are not written together, or looks like what the
  ///   programs say themselves.
  public func requireBearable() throws(Refusal) {
    guard Scripts.areWrittenTogether(in: text) else {
      throw Refusal(.nickInvalid, "a nickname does not mix scripts: some letters look like others")
    }
    guard !ReservedNames.contain(anyOf: lookalikes) else {
      throw Refusal(.nickInvalid, "the nickname '\(text)' is reserved")
    }
  }

  /// Equal without regard to case.
  public static func == (one: Nickname, other: Nickname) -> Bool { one.key == other.key }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) { hasher.combine(key) }

  private static var tooLong: Refusal {
    Refusal(
      .nickInvalid,
      "a nickname has at most \(Limits.nicknameCharacters) characters"
        + " and \(Limits.nicknameBytes) bytes")
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .nonspacingMark, .spacingMark:
      !scalar.properties.isDefaultIgnorableCodePoint
    default:
      scalar == "-" || scalar == "_" || scalar == "."
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark: true
    default: false
    }
  }
}
