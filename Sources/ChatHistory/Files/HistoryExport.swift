package import ChatSystem

/// Prints a room's history, whether or not a server runs on its folder: what is in the database, then what only the
/// journal has yet.
package enum HistoryExport {
  /// How it is printed.
  package enum Format: String, Sendable, CaseIterable {
    /// The lines as they were said, one a line.
    case text
    /// An object a line: `{"seq":1,"time":"2026-01-31T12:00:00.000Z","line":"alice: hi"}`; of a line
    /// that announces a file with its id too: `"file":"ID"`.
    case json
  }

  /// What ended an export early.
  package enum Failure: Error, CustomStringConvertible {
    /// There is no such history or room, or it could not be read.
    case history(HistoryError)
    /// The output took no more.
    case output(SystemError)

    /// For a person.
    package var description: String {
      switch self {
      case .history(let error): error.description
      case .output(let error): error.description
      }
    }
  }

  /// How many bytes of lines are read at a time.
  private static let chunkBytes = 262_144

  /// Prints the lines that are there when it begins.
  ///
  /// - Parameters:
  ///   - folder: the data folder.
  ///   - room: the room's name.
  ///   - write: takes some lines' bytes at a time, each line with its LF.
  package static func run(
    folder: FilePath, room name: String, format: Format,
    write: ([UInt8]) throws(SystemError) -> Void
  ) throws(Failure) {
    let reader: HistoryReader
    // What the journal has is read first: what is archived meanwhile is in the database afterwards.
    let tail: [PastLine]
    let stored: StoredRoom?
    do throws(HistoryError) {
      reader = try HistoryReader(folder: folder, isCopy: true)
      tail = try JournalTail.lines(of: name, in: folder, reader)
      stored = try reader.room(named: name)
      guard stored != nil || !tail.isEmpty else {
        throw HistoryError(.other, "there is no room \(name) in the history at \(folder)")
      }
    } catch { throw .history(error) }
    var last: UInt64 = 0
    while let stored {
      let lines: [PastLine]
      do throws(HistoryError) {
        lines = try reader.lines(
          of: stored.id, after: last, before: stored.lastSequence + 1, limit: .max,
          byteLimit: chunkBytes)
      } catch { throw .history(error) }
      guard let end = lines.last else { break }
      last = end.sequence
      try print(lines, format, write)
    }
    try print(tail.filter { $0.sequence > last }, format, write)
  }

  private static func print(
    _ lines: [PastLine], _ format: Format, _ write: ([UInt8]) throws(SystemError) -> Void
  ) throws(Failure) {
    guard !lines.isEmpty else { return }
    var output: [UInt8] = []
    for line in lines { append(line, format, to: &output) }
    do { try write(output) } catch { throw .output(error) }
  }

  private static func append(_ line: PastLine, _ format: Format, to output: inout [UInt8]) {
    switch format {
    case .text: output += line.bytes
    case .json:
      output += "{\"seq\":\(line.sequence),\"time\":\"\(line.timestamp)\",\"line\":\"".utf8
      appendEscaped(line.bytes, to: &output)
      if let file = line.file {
        output += "\",\"file\":\"".utf8
        appendEscaped(Array(file.utf8), to: &output)
      }
      output += "\"}".utf8
    }
    output.append(UInt8(ascii: "\n"))
  }

  /// Appends a JSON string's inside (RFC 8259, section 7). Ill-formed UTF-8 becomes U+FFFD.
  private static func appendEscaped(_ bytes: [UInt8], to output: inout [UInt8]) {
    for byte in String(decoding: bytes, as: UTF8.self).utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\t"): output += "\\t".utf8
      case ..<0x20:
        output += "\\u00".utf8
        output += [hexDigit(byte >> 4), hexDigit(byte & 15)]
      default: output.append(byte)
      }
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
