import ChatHistory
import Foundation
import Testing

@Suite("History: files that lines tell of")
struct FileRecordTests {
  /// All that a history's files are.
  private func files(_ reader: HistoryReader) throws -> [StoredFile] {
    var files: [StoredFile] = []
    try reader.files { files.append($0) }
    return files
  }

  @Test("a starting server is handed every file with its room and time, the oldest first")
  func all() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: history.folder)
    #expect(try files(reader) == [])
    let room = try history.writer.room(named: "aaaaaa", isPrivate: true)
    try history.append(
      [["a", "b"], ["c"]], to: room, at: 1_000, files: ["b": "id-b", "c": "id-c"])
    try history.append([["d"]], at: 3_000, files: ["d": "id-d"])
    try history.append([["e"]], to: room, at: 2_000, files: ["e": "id-e"])
    let all = try files(reader)
    #expect(
      all.map(\.record) == [
        .test("id-b", sequence: 2), .test("id-c", sequence: 3), .test("id-e", sequence: 4),
        .test("id-d", sequence: 1),
      ])
    #expect(all.map(\.room) == ["aaaaaa", "aaaaaa", "aaaaaa", "lobby"])
    #expect(all.map(\.timeMilliseconds) == [1_000, 1_000, 2_000, 3_000])
    // And in a process that starts after this one.
    history.close()
    #expect(try files(HistoryReader(folder: history.folder)) == all)
  }

  @Test("an id that was given before is refused, with all lines of the transaction")
  func duplicate() throws {
    let history = try TestHistory()
    let other = try history.writer.room(named: "#other", isPrivate: false)
    try history.append([["a"]], files: ["a": "id-a"])
    let reader = try HistoryReader(folder: history.folder)
    for room in [history.lobby, other] {
      #expect {
        try history.append([["b"], ["c", "d"]], to: room, files: ["b": "id-b", "d": "id-a"])
      } throws: { ($0 as? HistoryError)?.kind == .other && "\($0)".contains("files.id") }
    }
    // Two files of one line are no less of a mistake.
    #expect(throws: HistoryError.self) {
      try Array("b\n".utf8).withUnsafeBytes { bytes in
        try history.writer.append([
          HistoryWriter.Group(
            room: history.lobby.id, firstSequence: 2, lineCount: 1, position: 2,
            timeMilliseconds: 0, bytes: bytes,
            files: [.test("id-b", sequence: 2), .test("id-c", sequence: 2)])
        ])
      }
    }
    #expect(try reader.texts(of: history.lobby) == ["a"])
    #expect(try reader.texts(of: other) == [])
    #expect(try files(reader).map(\.record) == [.test("id-a", sequence: 1)])
    // The next transaction is none the worse for it.
    try history.append([["b"]], files: ["b": "id-b"])
    #expect(try reader.texts(of: history.lobby) == ["a", "b"])
    #expect(try files(reader).map(\.record.id) == ["id-a", "id-b"])
  }

  @Test("on a full disk lines and their files are committed together, or neither are")
  func fullDisk() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: history.folder)
    // Lines are short and ids long, so that it is now a line, now a file that there is no space for.
    let id = String(repeating: "x", count: 900)
    var failures = 0
    var lines = 0
    for limit in 40..<80 {
      try history.writer.limitPages(to: limit)
      while true {
        let texts = (1...3).map { "line \(lines + $0)" }
        do {
          try history.append(
            [Array(texts[..<2]), [texts[2]]],
            files: [texts[0]: "\(id) \(lines + 1)", texts[2]: "\(id) \(lines + 3)"])
        } catch {
          #expect((error as? HistoryError)?.kind == .full)
          failures += 1
          break
        }
        lines += 3
      }
      #expect(try reader.texts(of: history.lobby).count == lines)
      let expected = (1...UInt64(lines)).filter { $0 % 3 != 2 }
      #expect(try files(reader).map(\.record.sequence) == expected)
    }
    #expect(failures == 40)
    #expect(lines > 60)
    try history.writer.limitPages(to: 0)
    try history.reopen()
    try history.append([["last"]], files: ["last": "last"])
    #expect(history.lobby.lastSequence == UInt64(lines))
    #expect(try files(reader).last?.record == .test("last", sequence: UInt64(lines + 1)))
  }

  @Test("a history started anew keeps files too, and knows none of the old one")
  func startAnew() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: history.folder)
    try history.append([["a"]], files: ["a": "id-a"])
    _ = try history.writer.startAnew()
    #expect(try files(reader) == [])
    let lobby = try history.writer.room(named: "lobby", isPrivate: false, atLeast: (1, 2))
    try history.append([["b"]], to: lobby, files: ["b": "id-a"])
    #expect(try files(reader).map(\.record) == [.test("id-a", sequence: 2)])
  }
}
