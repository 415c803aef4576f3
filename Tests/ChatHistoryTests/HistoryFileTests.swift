import ChatCore
import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("History: files that lines tell of")
struct HistoryFileTests {
  /// All that a history's files are.
  private func files(_ reader: HistoryReader) throws -> [SharedFile] {
    var files: [SharedFile] = []
    try reader.files { files.append($0) }
    return files
  }

  @Test(
    "a starting server is handed every file with its room and time, in the order they were sent")
  func all() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    #expect(try files(reader) == [])
    let room = try history.writer.room(named: "aaaaaa", isPrivate: true)
    try history.append(
      [["a", "b"], ["c"]], to: room, at: 1_000, files: ["b": "id-b", "c": "id-c"])
    try history.append([["d"]], at: 3_000, files: ["d": "id-d"])
    try history.append([["e"]], to: room, at: 2_000, files: ["e": "id-e"])
    let all = try files(reader)
    #expect(
      all == [
        .test("id-b", sequence: 2, in: "aaaaaa", at: 1_000),
        .test("id-c", sequence: 3, in: "aaaaaa", at: 1_000),
        .test("id-d", sequence: 1, at: 3_000),
        // The clock was set back in between.
        .test("id-e", sequence: 4, in: "aaaaaa", at: 2_000),
      ])
    // And in a process that starts after this one.
    history.close()
    #expect(try files(HistoryReader(folder: FilePath(history.folder))) == all)
  }

  @Test("a file that is there already stays as it is, and its line comes in")
  func duplicate() throws {
    let history = try TestHistory()
    let other = try history.writer.room(named: "#other", isPrivate: false)
    try history.append([["a"]], files: ["a": "id-a"])
    let reader = try HistoryReader(folder: FilePath(history.folder))
    try history.append([["b"], ["c", "d"]], to: other, files: ["b": "id-b", "d": "id-a"])
    #expect(try reader.texts(of: other) == ["b", "c", "d"])
    let all: [SharedFile] = [
      .test("id-a", sequence: 1), .test("id-b", sequence: 1, in: "#other"),
    ]
    #expect(try files(reader) == all)
  }

  @Test("on a full disk lines and their files are committed together, or neither are")
  func fullDisk() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
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
      #expect(try files(reader).map(\.sequence) == expected)
    }
    #expect(failures == 40)
    #expect(lines > 60)
    try history.writer.limitPages(to: 0)
    try history.reopen()
    try history.append([["last"]], files: ["last": "last"])
    #expect(history.lobby.lastSequence == UInt64(lines))
    #expect(try files(reader).last == .test("last", sequence: UInt64(lines + 1)))
  }

  @Test("a history started anew keeps files too, and knows none of the old one")
  func startAnew() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    try history.append([["a"]], files: ["a": "id-a"])
    _ = try history.writer.startAnew()
    #expect(try files(reader) == [])
    let lobby = try history.writer.room(named: "lobby", isPrivate: false, atLeast: (1, 2))
    try history.append([["b"]], to: lobby, files: ["b": "id-a"])
    #expect(try files(reader) == [.test("id-a", sequence: 2)])
  }

  @Test("lines read and lines found carry the ids of their files, whichever part is asked for")
  func linesAndSearch() throws {
    try SeededRandom.run { random in
      let history = try TestHistory()
      let reader = try HistoryReader(folder: FilePath(history.folder))
      let index = try SearchIndex(folder: FilePath(history.folder))
      let twin = try history.writer.room(named: "#twin", isPrivate: false)
      // What is expected of each line: its file, or none. The twin has one in every line.
      var expected: [UInt64: String?] = [:]
      var count = 0
      for round in 0..<30 {
        // Long stretches with few files, with many, and with nothing but files.
        let share = [0.02, 0.5, 1][round % 3]
        let groups = (0..<4).map { _ in
          (0..<5).map { _ in
            count += 1
            return "line \(count) \(count % 7 == 0 ? "rare" : "common")"
          }
        }
        var files: [String: String] = [:]
        for (number, line) in zip(UInt64(count - 19)..., groups.joined()) {
          if Double.random(in: 0..<1, using: &random) < share { files[line] = "id \(number)" }
          expected[number] = .some(files[line])
        }
        try history.append(groups, files: files)
        try history.append(
          groups, to: twin,
          files: Dictionary(uniqueKeysWithValues: groups.joined().map { ($0, "twin \($0)") }))
        if round < 20 { _ = try index.fill(limit: 20) }
      }
      func check(_ lines: [PastLine]) {
        for line in lines { #expect(line.file == expected[line.sequence], "\(line.sequence)") }
      }
      let all = try reader.lines(
        of: history.lobby.id, after: 0, before: nil, limit: .max, byteLimit: .max)
      #expect(all.count == count && all.contains { $0.file == nil })
      check(all)
      for _ in 0..<100 {
        let start = UInt64.random(in: 0...UInt64(count), using: &random)
        let limit = Int.random(in: 1...30, using: &random)
        check(
          try reader.lines(
            of: history.lobby.id, after: start, before: start + 20, limit: limit, byteLimit: 200))
        check(
          try index.search("rare", in: history.lobby.id, before: start + 1, limit: limit))
      }
      while try index.fill(limit: 100) > 0 {}
      let found = try index.search("rare", in: history.lobby.id, before: nil, limit: .max)
      #expect(found.map(\.sequence) == (1...UInt64(count)).filter { $0 % 7 == 0 }.reversed())
      #expect(found.contains { $0.file != nil } && found.contains { $0.file == nil })
      check(found)
    }
  }

  @Test("a room's files are deleted step by step with their lines, and no other room's")
  func deletion() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    let room = try history.writer.room(named: "aaaaaa", isPrivate: true)
    let lines = (1...10).map { ["secret \($0)", "more \($0)", "last \($0)"] }
    let ids = lines.joined().filter { !$0.hasPrefix("more") }.map { ($0, "confidential \($0)") }
    try history.append(lines, to: room, files: Dictionary(uniqueKeysWithValues: ids))
    try history.append([["kept"]], files: ["kept": "id-kept"])
    // One that was given a number which no line has.
    try history.writer.archive(
      ArchiveBatch([
        ArchiveBatch.Lines(
          room: room.name, firstSequence: 31, lineCount: 1, position: 1_000, timeMilliseconds: 0,
          bytes: Array("x\n".utf8), files: [.test("confidential stray", sequence: 99)])
      ]), JournalProgress(identity: 1, position: 0))
    for step in 1...3 {
      #expect(try !history.writer.delete(room.id, limit: 3))
      let left = try reader.lines(
        of: room.id, after: 0, before: nil, limit: .max, byteLimit: .max)
      #expect(left.count == 31 - 9 * step)
      // What is left of the lines has its files, and what is gone has none.
      #expect(left.compactMap(\.file) == ids.map(\.1).suffix(20 - 6 * step))
      #expect(try files(reader).filter { $0.room == "aaaaaa" }.count == 21 - 6 * step)
    }
    #expect(try history.writer.delete(room.id, limit: 3))
    #expect(try files(reader) == [.test("id-kept", sequence: 1)])
    // A room of that name that comes later has nothing of it, and may use the ids again.
    let next = try history.writer.room(named: "aaaaaa", isPrivate: true)
    #expect(try files(reader).count == 1)
    try history.append([["a"]], to: next, files: ["a": "\(ids[0].1)"])
    while try !history.writer.delete(next.id, limit: 3) {}
    // Nor is any of it left in the file, once the log is written back into it.
    try reader.emptyLog()
    history.close()
    let file = try Data(contentsOf: URL(fileURLWithPath: history.file))
    #expect(file.range(of: Data("confidential".utf8)) == nil)
    #expect(file.range(of: Data("id-kept".utf8)) != nil)
  }
}
