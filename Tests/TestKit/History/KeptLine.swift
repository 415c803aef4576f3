/// A line that the history has.
package struct KeptLine: Hashable, Sendable {
  /// Its number in its room.
  package let number: UInt64
  /// The line without its LF.
  package let text: String
  /// The id of the file that it announces.
  package let file: String?

  /// Describes a line.
  package init(number: UInt64, text: String, file: String? = nil) {
    (self.number, self.text, self.file) = (number, text, file)
  }

  /// Parses a `[PAST]` line; `nil` if it is the answer's last, or no such line.
  package init?(past line: String) {
    guard line.hasPrefix("[PAST]:"), line != Self.pastEnd else { return nil }
    let fields = line.split(separator: "\t")
    guard
      let number = fields.lazy.compactMap({ Self.value("seq", $0) }).first.flatMap({ UInt64($0) })
    else { return nil }
    self.init(
      number: number, text: String(fields[0].dropFirst("[PAST]:".count)),
      file: fields.lazy.compactMap { Self.value("file", $0) }.first.map { String($0) })
  }

  /// What ends an answer of `[PAST]` lines.
  package static let pastEnd = "[PAST]:\tend=1"

  private static func value(_ key: String, _ field: Substring) -> Substring? {
    field.hasPrefix("\(key)=") ? field.dropFirst(key.count + 1) : nil
  }

  /// What `chat-server export` prints of a room, whether or not a server runs on the folder.
  ///
  /// - Returns: `nil` if there is no such room.
  /// - Throws: `Failure` if it fails otherwise, or prints something else. Texts must not need JSON's escapes.
  package static func exported(from data: TestFolder, room: String) throws -> [Self]? {
    let export = try Program(
      "chat-server", ["export", "--data", data.path, "--room", room, "--format", "json"])
    let output = Array(try export.rest().utf8)
    guard try export.exitCode() == 0 else {
      guard export.errors.contains("there is no room") else { throw Failure(export.errors) }
      return nil
    }
    return try output.split(separator: UInt8(ascii: "\n")).map { line in
      guard let kept = Self(json: line) else {
        throw Failure("export printed \(String(decoding: line, as: UTF8.self))")
      }
      return kept
    }
  }

  /// `{"seq":1,"time":"2026-01-31T12:00:00.000Z","line":"alice: hi","file":"ID"}`, its last field only sometimes.
  private init?(json line: ArraySlice<UInt8>) {
    let quote = UInt8(ascii: "\"")
    let start = line.dropFirst("{\"seq\":".utf8.count)
    let digits = start.prefix { $0 != UInt8(ascii: ",") }
    let rest = start.dropFirst(
      digits.count + ",\"time\":\"2026-01-31T12:00:00.000Z\",\"line\":\"".utf8.count)
    let text = rest.prefix { $0 != quote }
    let end = rest.dropFirst(text.count)
    let file = end.dropFirst("\",\"file\":\"".utf8.count).prefix { $0 != quote }
    guard let number = UInt64(String(decoding: digits, as: UTF8.self)) else { return nil }
    let id = String(decoding: file, as: UTF8.self)
    let ending = id.isEmpty ? "\"}" : "\",\"file\":\"\(id)\"}"
    guard end.elementsEqual(ending.utf8) else { return nil }
    self.init(
      number: number, text: String(decoding: text, as: UTF8.self), file: id.isEmpty ? nil : id)
  }
}
