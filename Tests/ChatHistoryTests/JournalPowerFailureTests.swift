import ChatCore
import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Journal: the power fails")
struct JournalPowerFailureTests {
  private static let plays = Environment.isSanitized ? 10 : 200
  private static let crashesOfEach = 50

  /// Plays servers, and hands over what each power failure leaves.
  private func eachCrash(
    plays: Int, crashes: Int,
    _ body: (JournalPowerPlay.Crash, JournalFolder, inout SeededRandom) throws -> Void
  ) throws {
    try SeededRandom.run { random in
      for _ in 0..<plays {
        var play = try JournalPowerPlay(using: &random)
        let after = try JournalFolder()
        let target = try FileRing(creating: after.journal, capacity: play.ringBytes)
        for _ in 0..<crashes {
          for _ in 0..<Int.random(in: 1...8, using: &random) { try play.step(using: &random) }
          try body(play.crash(into: target, using: &random), after, &random)
        }
      }
    }
  }

  @Test("whatever part of it reached the disk: all before the first hole is there, exactly once")
  func tenThousandCases() throws {
    var (cases, torn, empty) = (0, 0, 0)
    try eachCrash(plays: Self.plays, crashes: Self.crashesOfEach) { crash, folder, _ in
      cases += 1
      let stored = try #require(try StoredJournal(in: folder.path))
      let start = stored.start(after: crash.note)
      let (handed, end) = stored.said(from: start)
      if crash.note.identity == stored.identity { try #require(start == crash.note.position) }
      if handed != crash.wanted {
        try #require(handed.map(\.position) == crash.wanted.map(\.position))
        try #require(handed == crash.wanted)
      }
      // What was on the disk is there.
      try #require(end >= min(crash.syncedHead, crash.head))
      if cases % 8 == 0 {
        try #require(end < crash.head || !stored.isTorn(at: end))
        try #require(crash.later.isEmpty || stored.isTorn(at: end))
      }
      if end < crash.head { torn += 1 }
      if handed.isEmpty { empty += 1 }
    }
    #expect(cases == Self.plays * Self.crashesOfEach)
    // Nor is it easy.
    #expect(torn > cases / 10 && torn < cases / 10 * 9)
    #expect(empty < cases / 2)
  }

  @Test("what is archived after it is whole: lines, numbers, positions, and the database itself")
  func database() throws {
    let plays = Environment.isSanitized ? 5 : 30
    try eachCrash(plays: plays, crashes: 10) { crash, journalFolder, random in
      let folder = try JournalFolder()
      let writer = try HistoryWriter(folder: folder.path)
      try writer.archive(ArchiveBatch(crash.archived.compactMap(\.group)), crash.note)
      let stored = try #require(try StoredJournal(in: journalFolder.path))
      // The server that starts then is killed now and then, and begins again where it came to.
      for _ in 0...Int.random(in: 0...2, using: &random) {
        var position = stored.start(after: try writer.progress())
        if Int.random(in: 0..<4, using: &random) == 0 {
          position = stored.start(after: crash.note)
        }
        var batches = Int.random(in: 0...3, using: &random)
        while batches > 0 {
          position = try archive(stored, from: position, into: writer, using: &random) ?? position
          batches -= 1
        }
      }
      var position = stored.start(after: try writer.progress())
      while let end = try archive(stored, from: position, into: writer, using: &random) {
        position = end
      }
      try #require(try writer.progress() == note(stored, position, crash))
      try check(folder, holds: (crash.archived + crash.wanted).filter { $0.kind == .lines })
    }
  }

  private func note(
    _ stored: StoredJournal, _ position: UInt64, _ crash: JournalPowerPlay.Crash
  ) -> JournalProgress {
    let isUntouched = crash.wanted.isEmpty
    return isUntouched ? crash.note : JournalProgress(identity: stored.identity, position: position)
  }

  /// Archives some records.
  ///
  /// - Returns: where the next begins; `nil` if there was none.
  private func archive(
    _ stored: StoredJournal, from start: UInt64, into writer: HistoryWriter,
    using random: inout SeededRandom
  ) throws -> UInt64? {
    var batch = ArchiveBatch()
    var left = Int.random(in: 1...30, using: &random)
    let end = stored.eachRecord(from: start) { record in
      batch.add(record)
      left -= 1
      return left > 0
    }
    guard end > start else { return nil }
    try writer.archive(batch, JournalProgress(identity: stored.identity, position: end))
    return end
  }

  private func check(_ folder: JournalFolder, holds said: [Said]) throws {
    let reader = try HistoryReader(folder: folder.path)
    for room in Set(said.map(\.room)) {
      let own = said.filter { $0.room == room }
      let stored = try #require(try reader.room(named: room))
      let lines = try reader.lines(
        of: stored.id, after: 0, before: nil, limit: .max, byteLimit: .max)
      try #require(lines.map(\.text) == own.flatMap(\.texts))
      try #require(lines.map(\.sequence) == Array(1..<1 + UInt64(lines.count)))
      try #require(stored.lastSequence == UInt64(lines.count))
      try #require(stored.endPosition == UInt64(own.map(\.lines.count).reduce(0, +)))
      let announced = own.compactMap { said in said.file.map { ($0.id, said.firstSequence) } }
      let files = lines.compactMap { line in line.file.map { ($0, line.sequence) } }
      try #require(files.map(\.0) == announced.map(\.0))
      try #require(files.map(\.1) == announced.map(\.1))
    }
    let program = try Program(
      "sqlite3", [folder.path.appending("history.db").decoded, "PRAGMA integrity_check"])
    let answer = try program.rest()
    try #require(answer == "ok\n" || answer == "ok")
    _ = try program.exitCode()
  }
}

extension Said {
  /// It as a group of the database.
  fileprivate var group: ArchiveBatch.Lines? {
    guard kind == .lines, lineCount > 0 else { return nil }
    return ArchiveBatch.Lines(
      room: room, firstSequence: firstSequence, lineCount: lineCount, position: roomPosition,
      timeMilliseconds: timeMilliseconds, bytes: lines, files: file.map { [$0] } ?? [])
  }
}
