import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Export")
struct ExportTests {
  private func export(
    _ folder: String, _ room: String, _ format: HistoryExport.Format
  ) throws -> [[UInt8]] {
    var chunks: [[UInt8]] = []
    try HistoryExport.run(folder: FilePath(folder), room: room, format: format) {
      chunks.append($0)
    }
    return chunks
  }

  @Test("text is the lines as they are, in chunks of bounded size")
  func text() throws {
    let history = try TestHistory()
    let lines = (1...5_000).map { "alice: line \($0) " + String(repeating: "x", count: 200) }
    for start in stride(from: 0, to: 5_000, by: 500) {
      try history.append([Array(lines[start..<start + 500])])
    }
    let chunks = try export(history.folder, "lobby", .text)
    #expect(chunks.count > 3)
    #expect(chunks.allSatisfy { $0.count < 300_000 })
    #expect(Array(chunks.joined()) == Array((lines.joined(separator: "\n") + "\n").utf8))
    // And without a writer.
    history.close()
    #expect(try export(history.folder, "lobby", .text) == chunks)
  }

  @Test("json is an object a line that any parser reads back, whatever the line")
  func json() throws {
    struct Line: Codable, Equatable {
      let seq: UInt64
      let time: String
      let line: String
    }
    try SeededRandom.run { random in
      let history = try TestHistory()
      let texts =
        ["alice: \"hi\" \\ \t/ \u{1}\u{1F}\u{7F} é 🎉 \u{2028}"]
        + (0..<500).map { _ in String(decoding: RandomText.any(using: &random), as: UTF8.self) }
      try history.append([texts], at: 1_769_860_800_123)
      let output = try export(history.folder, "lobby", .json).joined()
      let lines = try output.split(separator: 0x0A).map {
        try JSONDecoder().decode(Line.self, from: Data($0))
      }
      #expect(lines.map(\.seq) == Array(1...501))
      #expect(lines.map { Array($0.line.utf8) } == texts.map { Array($0.utf8) })
      #expect(lines.allSatisfy { $0.time == "2026-01-31T12:00:00.123Z" })
    }
  }

  @Test("json names the file that a line tells of, and text does not")
  func file() throws {
    let history = try TestHistory()
    try history.append([["a", "b \"", "c"]], files: ["b \"": "id \"\\\n", "c": "5f"])
    let lines = """
      {"seq":1,"time":"1970-01-01T00:00:00.000Z","line":"a"}
      {"seq":2,"time":"1970-01-01T00:00:00.000Z","line":"b \\"","file":"id \\"\\\\\\u000a"}
      {"seq":3,"time":"1970-01-01T00:00:00.000Z","line":"c","file":"5f"}

      """
    #expect(try Array(export(history.folder, "lobby", .json).joined()) == Array(lines.utf8))
    #expect(
      try Array(export(history.folder, "lobby", .text).joined()) == Array("a\nb \"\nc\n".utf8))
  }

  @Test("an unknown room and a folder without history are errors that say so")
  func unknown() throws {
    let history = try TestHistory()
    #expect { try export(history.folder, "nowhere", .text) } throws: {
      "\($0)" == "there is no room nowhere in the history at \(history.folder)"
    }
    #expect { try export("/nonexistent", "lobby", .text) } throws: {
      "\($0)" == "there is no history at /nonexistent/history.db"
    }
    #expect(try export(history.folder, "lobby", .text) == [])
  }

  @Test("an output that takes no more ends it")
  func brokenPipe() throws {
    let history = try TestHistory()
    try history.append([["a"]])
    #expect {
      try HistoryExport.run(folder: FilePath(history.folder), room: "lobby", format: .text) {
        _ throws(SystemError) in throw SystemError("write", code: 32)
      }
    } throws: {
      if case .output? = $0 as? HistoryExport.Failure { true } else { false }
    }
  }
}
