import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("SearchIndex")
struct SearchIndexTests {
  private func filled(_ index: SearchIndex) throws {
    while try index.fill(limit: 100) > 0 {}
  }

  private func overwrite(_ path: String, from offset: Int) throws {
    let size = try Data(contentsOf: URL(fileURLWithPath: path)).count
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: Data([UInt8](repeating: 0xA5, count: max(0, size - offset))))
    try file.close()
  }

  @Test("lines with all the words, newest first, whether indexed, half indexed or not")
  func complete() throws {
    let history = try TestHistory()
    let index = try SearchIndex(folder: FilePath(history.folder))
    try history.append([["alice: red apple", "bob: green apple"], ["alice: red wine"]])
    let other = try history.writer.room(named: "#other", isPrivate: false)
    try history.append([["carol: red apple elsewhere"]], to: other)
    history.skip(lines: 10, bytes: 100)
    try history.append([["bob: Apple, RED!"], ["carol: redapple"]])
    func numbers(_ words: String, before: UInt64? = nil, limit: Int = 10) throws -> [UInt64] {
      try index.search(words, in: history.lobby.id, before: before, limit: limit).map(\.sequence)
    }
    for _ in 0..<6 {
      #expect(try numbers("apple") == [14, 2, 1])
      #expect(try numbers("apple red") == [14, 1])
      #expect(try numbers("ALICE") == [3, 1])
      #expect(try numbers("apple", before: 14) == [2, 1])
      #expect(try numbers("apple", before: 2) == [1])
      #expect(try numbers("apple", before: 1) == [])
      #expect(try numbers("apple", before: 0) == [])
      #expect(try numbers("apple", limit: 2) == [14, 2])
      #expect(try numbers("apple", limit: 0) == [])
      #expect(try numbers("pear") == [])
      #expect(
        try index.search("elsewhere", in: other.id, before: nil, limit: 9).map(\.text)
          == ["carol: red apple elsewhere"])
      _ = try index.fill(limit: 1)
    }
    #expect(try index.fill(limit: 100) == 0)
    try history.append([["dave: the last apple"]])
    #expect(try numbers("apple") == [16, 14, 2, 1])
    #expect(try index.fill(limit: 100) == 1)
    #expect(try numbers("apple") == [16, 14, 2, 1])
  }

  @Test("a search that nobody waits for any more ends, whether the lines are indexed or not")
  func unwanted() throws {
    let history = try TestHistory()
    let index = try SearchIndex(folder: FilePath(history.folder))
    for number in 0..<300 { try history.append([["alice: apple \(number)"]]) }
    for isIndexed in [false, true] {
      if isIndexed { try filled(index) }
      var questions = 0
      func search(_ words: String, asking limit: Int) throws -> Int {
        questions = 0
        return try index.search(words, in: history.lobby.id, before: nil, limit: 1_000) {
          questions += 1
          return questions <= limit
        }.count
      }
      #expect(try search("apple", asking: .max) == 300)
      #expect(questions > 3)
      #expect(try search("apple", asking: 0) == 0)
      #expect(questions == 1)
      #expect(try search("apple", asking: 2) < 100)
    }
  }

  @Test("nothing in a query is an operator")
  func operators() throws {
    let history = try TestHistory()
    let index = try SearchIndex(folder: FilePath(history.folder))
    try history.append([
      ["alice: a NEAR b", "bob: words c", "carol: -- x OR y", "dave: say \"hi\" to the end*"]
    ])
    for round in 0..<2 {
      func numbers(_ words: String) throws -> [UInt64] {
        try index.search(words, in: history.lobby.id, before: nil, limit: 10).map(\.sequence)
      }
      #expect(try numbers("NEAR(a b)") == [1], "\(round)")
      #expect(try numbers("words:c") == [2])
      #expect(try numbers("\"c\"") == [2])
      #expect(try numbers("c*") == [2])
      #expect(try numbers("^bob") == [2])
      #expect(try numbers("x OR y") == [3])
      #expect(try numbers("x OR z") == [])
      #expect(try numbers("x AND y") == [])
      #expect(try numbers("x -- y") == [3])
      #expect(try numbers("'; DROP TABLE groups; --") == [])
      #expect(try numbers("\"say \"\"hi") == [4])
      #expect(try numbers("en*") == [])
      for nothing in ["", " ", "\"", "\"\"", "*", "^", ":", "--", "()", "🎉", "\u{0}"] {
        #expect(try numbers(nothing) == [])
      }
      try filled(index)
    }
  }

  @Test("a query of very many words is answered exactly too")
  func manyWords() throws {
    let history = try TestHistory()
    let index = try SearchIndex(folder: FilePath(history.folder))
    let words = (0..<1_500).map { "w\($0)" }
    try history.append([[words.joined(separator: " "), words.dropLast().joined(separator: " ")]])
    for _ in 0..<2 {
      let query = words.reversed().joined(separator: "-")
      #expect(query.utf8.count > 7_000)
      let found = try index.search(query, in: history.lobby.id, before: nil, limit: 10)
      #expect(found.map(\.sequence) == [1])
      #expect(
        try index.search(
          String(repeating: "w1 ", count: 2_700), in: history.lobby.id, before: nil, limit: 10
        ).count == 2)
      try filled(index)
    }
  }

  @Test("the index and a scan of the lines agree on any text")
  func agreement() throws {
    try SeededRandom.run { random in
      let history = try TestHistory()
      let index = try SearchIndex(folder: FilePath(history.folder))
      var lines: [[UInt8]] = []
      for _ in 0..<40 {
        let group = (0..<10).map { _ in RandomText.any(using: &random) }
          .map { String(decoding: $0, as: UTF8.self) }
        try history.append([group])
        lines += group.map { Array($0.utf8) }
      }
      func answers() throws -> [[UInt64]] {
        var answers: [[UInt64]] = []
        for (number, line) in lines.enumerated() {
          let words = SearchWordsTests.split(line).split(separator: " ").map(String.init)
          let query = words.filter { $0 != words.first || number % 2 == 0 }.prefix(2)
          let found = try index.search(
            query.joined(separator: " "), in: history.lobby.id, before: nil, limit: 1_000)
          answers.append(found.map(\.sequence))
          if !query.isEmpty { #expect(found.contains { $0.sequence == UInt64(number + 1) }) }
        }
        return answers
      }
      let scanned = try answers()
      try filled(index)
      let indexed = try answers()
      #expect(scanned == indexed)
      #expect(scanned.contains { !$0.isEmpty })
    }
  }

  @Test("a damaged, foreign or missing index is made anew, and no answer suffers")
  func rebuilt() throws {
    let history = try TestHistory()
    try history.append((1...200).map { ["alice: number \($0) and so on"] })
    let file = "\(history.folder)/search.db"
    func check(_ index: SearchIndex, _ what: String) throws {
      let found = try index.search("number 77", in: history.lobby.id, before: nil, limit: 10)
      #expect(found.map(\.sequence) == [77], "\(what)")
    }
    var index: SearchIndex? = try SearchIndex(folder: FilePath(history.folder))
    try filled(try #require(index))
    index = nil
    for offset in [0, 100, 4_096, 12_288] {
      try overwrite(file, from: offset)
      let index = try SearchIndex(folder: FilePath(history.folder))
      try check(index, "damaged from \(offset)")
      try filled(index)
      try check(index, "filled again")
    }
    try FileManager.default.removeItem(atPath: file)
    index = try SearchIndex(folder: FilePath(history.folder))
    try check(try #require(index), "missing")
    try filled(try #require(index))
    // Another history takes the place of this one while the index is open.
    _ = try history.writer.startAnew()
    let lobby = try history.writer.room(named: "lobby", isPrivate: false)
    try history.reopen()
    try history.append((1...100).map { ["bob: other \($0)"] }, to: lobby)
    let open = try #require(index)
    #expect(try open.search("number", in: lobby.id, before: nil, limit: 9) == [])
    #expect(try open.search("other 5", in: lobby.id, before: nil, limit: 9).count == 1)
    #expect(try open.fill(limit: 1_000) == 100)
    #expect(try open.search("other 5", in: lobby.id, before: nil, limit: 9).count == 1)
  }

  @Test("a history that has lost its last groups, to a power failure or a backup, is indexed anew")
  func history() throws {
    for lines in [1, 5, 9] {
      let history = try TestHistory()
      try history.append((1...5).map { ["old \($0)"] }, at: 1)
      history.close()
      let backup = try Data(contentsOf: URL(fileURLWithPath: history.file))
      try history.reopen()
      try history.append((6...10).map { ["old \($0)"] }, at: 2)
      var index: SearchIndex? = try SearchIndex(folder: FilePath(history.folder))
      try filled(try #require(index))
      index = nil
      history.close()
      try backup.write(to: URL(fileURLWithPath: history.file))
      let restored = try HistoryWriter(folder: FilePath(history.folder))
      let lobby = try restored.room(named: "lobby", isPrivate: false)
      #expect(lobby.lastSequence == 5)
      for line in 0..<UInt64(lines) {
        let group = ArchiveBatch.Lines(
          room: lobby.name, firstSequence: 6 + line, lineCount: 1,
          position: lobby.endPosition + 4 * line, timeMilliseconds: 3, bytes: Array("new\n".utf8))
        try restored.archive(
          ArchiveBatch([group]), JournalProgress(identity: 1, position: 0))
      }
      let again = try SearchIndex(folder: FilePath(history.folder))
      #expect(try again.search("new", in: lobby.id, before: nil, limit: 99).count == lines)
      try filled(again)
      #expect(try again.search("new", in: lobby.id, before: nil, limit: 99).count == lines)
      #expect(try again.search("old", in: lobby.id, before: nil, limit: 99).count == 5)
    }
  }

  @Test("lines that come after a room's end are found, though groups were deleted")
  func afterDeletion() throws {
    let history = try TestHistory()
    let index = try SearchIndex(folder: FilePath(history.folder))
    let room = try history.writer.room(named: "aaaaaa", isPrivate: true)
    try history.append([["kept"]])
    try history.append([["secret"], ["secret"]], to: room)
    try filled(index)
    while try !index.forget(room.id, limit: 1) {}
    while try !history.writer.delete(room.id, limit: 1) {}
    try history.reopen()
    try history.append([["new"]])
    #expect(try index.search("new", in: history.lobby.id, before: nil, limit: 9).count == 1)
    #expect(try index.fill(limit: 10) == 1)
    #expect(try index.search("new", in: history.lobby.id, before: nil, limit: 9).count == 1)
  }

  @Test("of a forgotten room not even the words are left, indexed or not, and the others stay")
  func forgetting() throws {
    let history = try TestHistory()
    let room = try history.writer.room(named: "aaaaaa", isPrivate: true)
    let twin = try history.writer.room(named: "bbbbbb", isPrivate: true)
    try history.append((1...300).map { ["alice: public \($0)"] })
    try history.append((1...300).map { ["bob: conspiracy \($0) at midnight"] }, to: room)
    try history.append((1...300).map { ["carol: birthday \($0)"] }, to: twin)
    let index = try SearchIndex(folder: FilePath(history.folder))
    func isInFile(_ word: String) throws -> Bool {
      try ["search.db", "search.db-wal"].contains {
        try Data(contentsOf: URL(fileURLWithPath: "\(history.folder)/\($0)"))
          // FTS5 leaves out what a word has in common with the one before it.
          .range(of: Data(word.dropFirst(2).utf8)) != nil
      }
    }
    try filled(index)
    #expect(try isInFile("conspiracy") && isInFile("midnight"))
    try history.append([["bob: not indexed yet"]], to: room)
    var calls = 0
    while try !index.forget(room.id, limit: 50) { calls += 1 }
    #expect(calls >= 6)
    #expect(try !isInFile("conspiracy") && !isInFile("midnight"))
    #expect(try isInFile("birthday"))
    #expect(try index.search("conspiracy", in: room.id, before: nil, limit: 9) == [])
    // It is not indexed again before the history deletes it.
    #expect(try index.fill(limit: 100) == 1)
    #expect(try index.fill(limit: 100) == 0)
    #expect(try !isInFile("indexed"))
    #expect(try index.forget(room.id, limit: 50))
    while try !history.writer.delete(room.id, limit: 50) {}
    #expect(try index.fill(limit: 100) == 0)
    #expect(try index.search("birthday 77", in: twin.id, before: nil, limit: 9).count == 1)
    #expect(try index.search("public 77", in: history.lobby.id, before: nil, limit: 9).count == 1)
    #expect(try index.forget(12_345, limit: 50))
  }
}
