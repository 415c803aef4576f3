/// A command line that is wrong: one line for the person who typed it, naming the flag.
public struct UsageError: Error, Equatable, Sendable {
  /// What is wrong.
  public let reason: String

  /// Makes an error. What would end the line, or change a terminal, becomes U+FFFD.
  public init(_ reason: String) {
    var scalars = String.UnicodeScalarView()
    for scalar in reason.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: scalars.append("\u{FFFD}")
      default: scalars.append(scalar)
      }
    }
    self.reason = String(scalars)
  }
}

/// Walks a command line as GNU programs do: `--flag value`, `--flag=value`, operands anywhere, and
/// `--` after which everything is an operand. Arguments are bytes, and so are paths; all else is UTF-8.
///
/// The caller asks for the next item, and for a flag's value if the flag takes one:
///
///     var parser = FlagParser(arguments)
///     while let item = try parser.next() {
///       switch item {
///       case .flag("--port"): port = try parser.integer(in: 0...65_535)
///       case .flag: throw parser.unknownFlag
///       case .operand(let word): …
///       }
///     }
public struct FlagParser {
  /// One item of a command line.
  public enum Item: Equatable, Sendable {
    /// `--name` or `-n`, without the value that may follow an `=`.
    case flag(String)
    /// Anything else.
    case operand(String)
  }

  private var rest: ArraySlice<[UInt8]>
  private var flag = ""
  private var attachedValue: [UInt8]?
  private var onlyOperands = false

  /// Makes a parser of the arguments after the program's name.
  public init(_ arguments: [[UInt8]]) { rest = arguments[...] }

  /// The same, of arguments that are text.
  public init(_ arguments: [String]) { self.init(arguments.map { Array($0.utf8) }) }

  /// The next item, or `nil` at the end.
  ///
  /// - Throws: `UsageError` if the flag before got a value with `=` although it takes none.
  public mutating func next() throws(UsageError) -> Item? {
    try endFlag()
    guard let word = rest.popFirst() else { return nil }
    if onlyOperands || !Self.isFlag(word) {
      return .operand(try Self.text(word, of: "an argument"))
    }
    if word == Array("--".utf8) {
      onlyOperands = true
      return try next()
    }
    let equals = word.firstIndex(of: UInt8(ascii: "=")) ?? word.endIndex
    flag = String(decoding: word[..<equals], as: UTF8.self)
    attachedValue = equals < word.endIndex ? Array(word[(equals + 1)...]) : nil
    return .flag(flag)
  }

  /// Makes sure that the current flag, which takes no value, got none; `next` does so, too.
  ///
  /// - Throws: `UsageError` if it got one with `=`.
  public func endFlag() throws(UsageError) {
    if attachedValue != nil { throw UsageError("\(flag) takes no value") }
  }

  /// The current flag's value, as text.
  ///
  /// - Throws: `UsageError` if there is none, or it is not UTF-8.
  public mutating func value() throws(UsageError) -> String {
    try Self.text(bytes(), of: flag)
  }

  /// The current flag's value, as it was given: for a path. Whatever follows the flag is its value, also
  /// if it begins with `-`.
  ///
  /// - Throws: `UsageError` if there is none.
  public mutating func bytes() throws(UsageError) -> [UInt8] {
    if let value = attachedValue {
      attachedValue = nil
      return value
    }
    guard let value = rest.popFirst() else { throw UsageError("\(flag) needs a value") }
    return value
  }

  /// The current flag's value as a whole number.
  ///
  /// - Throws: `UsageError` if there is none, or it is not a number in `range`.
  public mutating func integer(in range: ClosedRange<Int>) throws(UsageError) -> Int {
    let text = try value()
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        "invalid number '\(text)' for \(flag) (want \(range.lowerBound) to \(range.upperBound))")
    }
    return number
  }

  /// The current flag's value as a number of bytes: `100`, `16k`, `100M`, `10G`, `1T`, in powers of a thousand.
  ///
  /// - Throws: `UsageError` if there is none, or it is not a size.
  public mutating func size() throws(UsageError) -> UInt64 {
    let text = try value()
    let units: [Character: UInt64] = [
      "k": 1_000, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000, "T": 1_000_000_000_000,
    ]
    let unit = text.last.flatMap { units[$0] }
    let digits = unit == nil ? Substring(text) : text.dropLast()
    guard digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
      let number = UInt64(digits), number <= UInt64(Int64.max) / (unit ?? 1)
    else {
      throw UsageError("invalid size '\(text)' for \(flag) (want for example 500k, 100M or 10G)")
    }
    return number * (unit ?? 1)
  }

  /// `-` alone is an operand.
  private static func isFlag(_ word: [UInt8]) -> Bool {
    word.first == UInt8(ascii: "-") && word.count > 1
  }

  private static func text(_ bytes: [UInt8], of place: String) throws(UsageError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw UsageError("\(place) is not UTF-8: '\(String(decoding: bytes, as: UTF8.self))'")
    }
    return text
  }

  /// The error for a flag that the program does not have.
  public var unknownFlag: UsageError { UsageError("unknown flag \(flag)") }
}
