import ChatHTTP
import Foundation
import TestKit
import Testing

/// Compares this parser with one that nobody here wrote: Python's h11.
@Suite("Beside h11")
struct OtherParserTests {
  /// How h11 read a head: all in hexadecimal, but for the version and the length.
  private struct Reading: Decodable, Equatable {
    var refused: String?
    var method: String?
    var target: String?
    var version: String?
    var fields: [[String]]?
    var bodyLength: UInt64?
  }

  /// How many bytes of body follow each head there.
  private static let bodyBytes: UInt64 = 4_096

  @Test("whatever is taken of 2,000 heads, h11 takes with the same meaning")
  func sameMeaning() throws {
    try SeededRandom.run { random in
      var heads: [[UInt8]] = []
      for _ in 0..<2_000 { heads.append(RandomHead.next(using: &random)) }
      let readings = try Self.readings(of: heads)
      #expect(readings.count == heads.count)
      var (taken, refused, refusedByUsAlone) = (0, 0, 0)
      for (bytes, theirs) in zip(heads, readings) {
        guard case .head(let head, let consumed) = ParsedHead.outcome(of: [bytes[...]]) else {
          refused += 1
          if theirs.refused == nil { refusedByUsAlone += 1 }
          continue
        }
        taken += 1
        let ours = Self.reading(of: head)
        if ours != theirs || consumed != bytes.count {
          let text = String(decoding: bytes, as: UTF8.self)
          Issue.record("\(text.debugDescription) is \(ours), and there \(theirs)")
        }
      }
      print("\(taken) heads taken, \(refused) refused, \(refusedByUsAlone) of them by us alone")
      #expect(taken >= 1_000 && refused >= 200)
    }
  }

  private static func readings(of heads: [[UInt8]]) throws -> [Reading] {
    let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let other = try Program("python3", ["/\(tests)/OtherPrograms/h11_heads.py"])
    // It skips no empty line before a request, as RFC 9112, section 2.2, asks for.
    let lines = heads.map { head in
      hexadecimal(head.starts(with: [0x0D, 0x0A]) ? Array(head.dropFirst(2)) : head) + "\n"
    }
    other.typeAll(lines.joined())
    let text = try other.rest(within: 120)
    #expect(try other.exitCode() == 0, "\(other.errors)")
    let decoder = JSONDecoder()
    return try text.split(separator: "\n").map {
      try decoder.decode(Reading.self, from: Data($0.utf8))
    }
  }

  private static func reading(of head: RequestHead) -> Reading {
    Reading(
      method: hexadecimal(latin(head.method)), target: hexadecimal(latin(head.target.text)),
      version: head.version == .http10 ? "1.0" : "1.1",
      fields: head.fields.all.map { [hexadecimal(latin($0.name)), hexadecimal(latin($0.value))] },
      bodyLength: head.contentLength <= bodyBytes ? head.contentLength : nil)
  }

  private static func latin(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
