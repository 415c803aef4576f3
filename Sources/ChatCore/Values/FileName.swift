/// The name of a file that people send each other: safe to show and to make a file of, on any side.
///
/// It is the last component of whatever path it came as (both `/` and `\` separate), cleaned like any text;
/// besides, what cannot be seen becomes U+FFFD, and white space is single spaces inside.
public struct FileName: Hashable, Sendable, CustomStringConvertible {
  /// Never empty, `.` or `..`; at most `Limits.fileNameBytes` bytes; printable.
  public let text: String

  /// For a person.
  public var description: String { text }

  /// Takes a name as a sender gives it.
  ///
  /// - Throws: `Refusal` with `fileRefused` if nothing of it is a name, or it is too long.
  public init(_ raw: String) throws(Refusal) {
    let text = Self.clean(raw)
    guard !text.isEmpty, text != ".", text != ".." else {
      throw Refusal(.fileRefused, "a file needs a name")
    }
    guard text.utf8.count <= Limits.fileNameBytes else {
      throw Refusal(.fileRefused, "a file's name has at most \(Limits.fileNameBytes) bytes")
    }
    self.text = text
  }

  /// Takes a name as a server gives it, whatever it is: one that is none becomes `file`, one that is too long is
  /// shortened, its end with the extension kept.
  public init(from raw: String) {
    let text = Self.clean(raw)
    let isName = !text.isEmpty && text != "." && text != ".."
    self.text = isName ? Self.shorten(text, to: Limits.fileNameBytes) : "file"
  }

  private init(cleaned text: String) { self.text = text }

  /// What the file is saved as: `received_report.txt`, for the second of that name `received_report (2).txt`.
  ///
  /// - Parameter number: from 1; the first has no number.
  /// - Returns: at most `Limits.fileNameBytes` bytes, which no file system takes more of.
  public func received(_ number: Int) -> String {
    let prefix = "received_"
    let suffix = number == 1 ? "" : " (\(number))"
    let space = Limits.fileNameBytes - prefix.utf8.count - suffix.utf8.count
    let (start, end) = Self.split(Self.shorten(text, to: space))
    return prefix + start + suffix + end
  }

  /// What to call the file where a folder does not take the name (FAT, exFAT, NTFS, eCryptfs), the nearest
  /// first: without what Windows refuses and short enough to be encrypted; and in short ASCII.
  ///
  /// https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
  public var substitutes: [FileName] {
    let portable = Self.shorten(Self.portable(text), to: 120)
    let ascii = portable.unicodeScalars.map { $0.isASCII ? String($0) : "_" }.joined()
    return [portable, Self.shorten(ascii, to: 60)].filter { $0 != text }
      .map { FileName(cleaned: $0) }
  }

  private static func portable(_ text: String) -> String {
    let refused: Set<Unicode.Scalar> = [":", "?", "*", "\"", "<", ">", "|", "\u{FFFD}"]
    var scalars = text.unicodeScalars.map { refused.contains($0) ? "_" : $0 }
    // Windows takes these away from the end; then it may be another file's name.
    for index in scalars.indices.reversed() where scalars[index] == "." || scalars[index] == " " {
      guard scalars[(index + 1)...].allSatisfy({ $0 == "_" }) else { break }
      scalars[index] = "_"
    }
    let name = String(String.UnicodeScalarView(scalars))
    return isDevice(name) ? "_" + name : name
  }

  /// Whether DOS has a device of that name, whatever the extension.
  private static func isDevice(_ name: String) -> Bool {
    let stem = name.prefix { $0 != "." }.uppercased()
    guard stem.count == 4 else { return ["CON", "PRN", "AUX", "NUL"].contains(stem) }
    return ["COM", "LPT"].contains(stem.prefix(3)) && stem.last?.isWholeNumber == true
  }

  private static func clean(_ raw: String) -> String {
    let separators: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "\\")]
    let last = raw.utf8.split(omittingEmptySubsequences: false) { separators.contains($0) }.last
    let text = TextCleaner.clean(Array(last ?? Substring().utf8).span)
    var scalars = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar.properties.isWhitespace {
        if scalars.last != " " { scalars.append(" ") }
      } else {
        scalars.append(isVisible(scalar, after: previous) ? scalar : "\u{FFFD}")
      }
      previous = scalar
    }
    while scalars.first == " " { scalars.removeFirst() }
    while scalars.last == " " { scalars.removeLast() }
    return String(scalars)
  }

  private static func isVisible(_ scalar: Unicode.Scalar, after previous: Unicode.Scalar?) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    // What joins emoji is seen.
    case .format: scalar == "\u{200D}" && previous.map(isEmojiPart) == true
    default: true
    }
  }

  private static func isEmojiPart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\u{FE0F}" || scalar.properties.isEmojiModifier
      || scalar.properties.isEmojiPresentation
      || scalar.value > 0xFF && scalar.properties.isEmoji
  }

  /// Cut between two characters, the extension kept.
  private static func shorten(_ text: String, to limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    let end = split(text).end
    var start = Substring(text.dropLast(end.count))
    var bytes = start.utf8.count
    while bytes + end.utf8.count > limit, let last = start.popLast() { bytes -= last.utf8.count }
    // A space at the end would be cleaned away, and make it another name.
    while start.last == " " { start.removeLast() }
    // One character may be longer than a name.
    return start.isEmpty ? "file" + end : start + end
  }

  /// A name's extension with its dot, if it has a short one without spaces, and what is before it. `.tar.gz` is
  /// one.
  private static func split(_ text: String) -> (start: String, end: String) {
    guard let dot = text.lastIndex(of: "."), dot > text.startIndex,
      2...16 ~= text[dot...].utf8.count, !text[dot...].contains(" ")
    else { return (text, "") }
    let start = text[..<dot]
    let isArchive = start.count > 4 && start.lowercased().hasSuffix(".tar")
    let split = isArchive ? text.index(dot, offsetBy: -4) : dot
    return (String(text[..<split]), String(text[split...]))
  }
}
