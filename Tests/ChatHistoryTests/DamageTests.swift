import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("History: damaged files, full disks, killed processes")
struct DamageTests {
  /// A closed history of 2,000 lines in one file, about 300 kB.
  private func closed() throws -> TestHistory {
    let history = try TestHistory()
    for batch in 0..<20 {
      try history.append(
        (0..<10).map { group in
          (0..<10).map {
            "alice: line \(batch * 100 + group * 10 + $0) " + String(repeating: "x", count: 100)
          }
        })
    }
    history.close()
    return history
  }

  private func contents(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  private func overwrite(_ path: String, at offset: Int, with bytes: [UInt8]) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: Data(bytes))
    try file.close()
  }

  private static let garbage = [UInt8](repeating: 0xA5, count: 40_000)

  enum Damage: CaseIterable {
    case header, middle, truncatedTo100Bytes, truncatedInHalf, text
  }

  @Test(
    "a damaged file is set aside as it was, and the history starts empty",
    arguments: Damage.allCases)
  func opening(_ damage: Damage) throws {
    let history = try closed()
    let size = try contents(history.file).count
    switch damage {
    case .header: try overwrite(history.file, at: 0, with: Array(Self.garbage.prefix(100)))
    case .middle: try overwrite(history.file, at: size / 2, with: Self.garbage)
    case .truncatedTo100Bytes: truncate(history.file, 100)
    case .truncatedInHalf: truncate(history.file, size / 2)
    case .text:
      try Data("this is a letter, no database\n".utf8).write(to: URL(fileURLWithPath: history.file))
    }
    let before = try contents(history.file)
    try history.reopen()
    #expect(history.lobby.lastSequence == 0)
    let aside = try #require(try history.writer.setAside).text
    #expect(aside.hasPrefix("\(history.folder)/history.damaged-20") && aside.hasSuffix(".db"))
    #expect(try contents(aside) == before)
    try history.append([["new"]])
    #expect(
      try HistoryReader(folder: FilePath(history.folder)).texts(of: history.lobby).last == "new")
    try history.reopen()
    #expect(try history.writer.setAside == nil)
  }

  @Test("an empty file is an empty history")
  func emptyFile() throws {
    let history = try closed()
    truncate(history.file, 0)
    try history.reopen()
    #expect(history.lobby.lastSequence == 0)
    #expect(try history.writer.setAside == nil)
  }

  @Test("a folder in the file's place is an error that says so")
  func folderInItsPlace() throws {
    let folder = try TestHistory.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: "\(folder)/history.db", withIntermediateDirectories: false)
    #expect {
      try HistoryWriter(folder: FilePath(folder))
    } throws: { "\($0)".contains("history.db") && "\($0)".contains("Is a directory") }
  }

  @Test("a reader without a history is told so")
  func noHistory() throws {
    #expect {
      try HistoryReader(folder: "/nonexistent")
    } throws: { "\($0)" == "there is no history at /nonexistent/history.db" }
  }

  @Test("a file of a later release is left alone")
  func tooNew() throws {
    let history = try closed()
    // The user version is the big-endian number at offset 60 (fileformat2.html).
    try overwrite(history.file, at: 60, with: [0, 0, 0, 99])
    let before = try contents(history.file)
    let isTooNew: (any Error) -> Bool = {
      ($0 as? HistoryError)?.kind == .tooNew && "\($0)".contains("later release")
    }
    #expect { try history.reopen() } throws: { isTooNew($0) }
    #expect { try HistoryReader(folder: FilePath(history.folder)) } throws: { isTooNew($0) }
    #expect(try contents(history.file) == before)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: history.folder)
        .allSatisfy { !$0.contains("damaged") })
  }

  @Test("damage noticed while it is used: start anew, and readers follow by themselves")
  func atRuntime() throws {
    let history = try closed()
    try history.reopen()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    #expect(try reader.texts(of: history.lobby).count == 2_000)
    let size = try contents(history.file).count
    try overwrite(history.file, at: 8_192, with: [UInt8](repeating: 0xA5, count: size - 8_192))
    // A reader that has seen none of the pages yet.
    #expect {
      try HistoryReader(folder: FilePath(history.folder)).texts(of: history.lobby)
    } throws: { ($0 as? HistoryError)?.kind == .damaged }
    let damaged = try contents(history.file)
    let aside = try history.writer.startAnew().text
    #expect(try contents(aside) == damaged)
    #expect(try reader.room(named: "lobby") == nil)
    let lobby = try history.writer.room(
      named: "lobby", isPrivate: false,
      atLeast: (history.lobby.lastSequence, history.lobby.endPosition))
    #expect(lobby.lastSequence == 2_000 && lobby.endPosition == history.lobby.endPosition)
    try history.append([["after"]], to: lobby)
    #expect(
      try reader.lines(of: lobby.id, after: 0, before: nil, limit: 10, byteLimit: 1_000)
        .map(\.sequence) == [2_001])
    // The old reader's end must not have taken the new file's log with it.
    try history.reopen()
    #expect(history.lobby.lastSequence == 2_001)
  }

  @Test("starting anew again and again while others read loses nothing of the newest")
  func startAnewWhileReading() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    for round in 1...20 {
      let lobby = try history.writer.room(named: "lobby", isPrivate: false)
      try history.append([["round \(round)"]], to: lobby)
      #expect(try reader.texts(of: lobby).last == "round \(round)")
      _ = try history.writer.startAnew()
    }
    let aside = try FileManager.default.contentsOfDirectory(atPath: history.folder)
      .filter { $0.contains("damaged") && $0.hasSuffix(".db") }
    #expect(aside.count == 20)
  }

  @Test("whatever bytes of the files are wrong, there is an error or an answer, and never a crash")
  func fuzz() throws {
    try SeededRandom.run { random in
      let original = try TestHistory()
      try original.append(
        (0..<60).map { ["alice: line \($0)", "bob: \(String(repeating: "y", count: $0 * 20))"] },
        files: Dictionary(
          uniqueKeysWithValues: (0..<60).map { ("alice: line \($0)", "file \($0)") }))
      var index: SearchIndex? = try SearchIndex(folder: FilePath(original.folder))
      while try index?.fill(limit: 100) ?? 0 > 0 {}
      index = nil
      original.close()
      var damagedCount = 0
      for _ in 0..<(Environment.isSanitized ? 20 : 100) {
        let folder = try TestHistory.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["history.db", "search.db"] {
          let damaged = damage([UInt8](try contents("\(original.folder)/\(name)")), &random)
          try Data(damaged).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        do {
          try readEverything(folder)
        } catch is HistoryError { damagedCount += 1 }
        do {
          let writer = try HistoryWriter(folder: FilePath(folder))
          let room = try writer.room(named: "lobby", isPrivate: false)
          while try !writer.delete(room.id, limit: 20) {}
        } catch is HistoryError {}
      }
      #expect(damagedCount > 0)
    }
  }

  /// Changes up to 20 bytes, most of them where the structure is: at the beginning of a page.
  private func damage(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...20, using: &random) {
      let page = Int.random(in: 0..<bytes.count / 4_096, using: &random) * 4_096
      let reach = [16, 200, 4_096].randomElement(using: &random) ?? 16
      bytes[page + Int.random(in: 0..<reach, using: &random)] = .random(in: 0...255, using: &random)
    }
    return bytes
  }

  /// What a server does with a history, before its writer could set aside what is damaged.
  private func readEverything(_ folder: String) throws {
    let reader = try HistoryReader(folder: FilePath(folder))
    _ = try reader.room(named: "lobby")
    _ = try reader.sequence(beforeLast: 10, of: 1, before: nil)
    _ = try reader.lines(of: 1, after: 0, before: nil, limit: 1_000, byteLimit: 1_000_000)
    _ = try reader.bytes(of: 1, from: 100, limit: 10_000)
    try reader.files { _ in }
    let index = try SearchIndex(folder: FilePath(folder))
    _ = try index.search("line", in: 1, before: nil, limit: 100)
    _ = try index.fill(limit: 10)
    while try !index.forget([1], limit: 50) {}
  }

  @Test(
    "a full disk: an error that may pass, nothing half-written, and it goes on when there is space")
  func fullDisk() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    try history.writer.limitPages(to: 40)
    let line = String(repeating: "x", count: 1_000)
    var committed = 0
    var failure: HistoryError?
    while failure == nil, committed < 1_000 {
      do {
        try history.append([[line, line], [line]])
        committed += 3
      } catch {
        failure = error as? HistoryError
      }
    }
    #expect(failure?.kind == .full)
    #expect(committed > 0 && committed < 1_000)
    #expect(try reader.texts(of: history.lobby).count == committed)
    #expect { try history.append([[line, line], [line]]) } throws: {
      ($0 as? HistoryError)?.kind == .full
    }
    try history.writer.limitPages(to: 0)
    try history.append([[line, line], [line]])
    #expect(try reader.texts(of: history.lobby).count == committed + 3)
    try history.reopen()
    #expect(history.lobby.lastSequence == UInt64(committed + 3))
  }

  @Test("a server killed at any moment loses no line that it had committed")
  func killed() throws {
    let folder = try TestHistory.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SeededRandom.run { random in
      var last: UInt64 = 0
      for round in 0..<10 {
        let probe = try Program("history-probe", [folder])
        for _ in 0..<Int.random(in: 1...500, using: &random) {
          last = try #require(try probe.line().flatMap { UInt64($0) })
        }
        probe.signal(SIGKILL)
        #expect(try probe.exitCode() == -SIGKILL)
        // What it committed and said before it died.
        for line in try probe.rest().split(separator: "\n") { last = UInt64(line) ?? last }
        // A reader recovers the log; so does a writer.
        let reader = try round % 2 == 0 ? HistoryReader(folder: FilePath(folder)) : nil
        let writer = try HistoryWriter(folder: FilePath(folder))
        #expect(writer.setAside == nil)
        let room = try #require(try writer.existingRoom(named: "lobby"))
        #expect(room.lastSequence >= last && room.lastSequence <= last + 7)
        let lines = try (reader ?? HistoryReader(folder: FilePath(folder))).texts(of: room)
        #expect(lines == (1...room.lastSequence).map { "probe: line \($0)" })
      }
    }
  }

  @Test("what a crash leaves, file and log without their index, opens with every line")
  func copied() throws {
    let history = try TestHistory()
    try history.append([["a", "b"], ["c"]])
    let copy = try TestHistory.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: copy) }
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: history.file + suffix, toPath: "\(copy)/history.db\(suffix)")
    }
    let reader = try HistoryReader(folder: FilePath(copy))
    #expect(try reader.texts(of: history.lobby) == ["a", "b", "c"])
  }
}
