import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("History: files of earlier releases")
struct MigrationTests {
  /// What the first release made, word for word, and two groups of lines that it wrote.
  private static let firstVersion = """
    PRAGMA journal_mode = WAL;
    BEGIN;
    CREATE TABLE history (identity BLOB NOT NULL, last_deleted INTEGER NOT NULL);
    INSERT INTO history VALUES (randomblob(16), 0);

    CREATE TABLE rooms (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      private INTEGER NOT NULL,
      emptied INTEGER,
      sequence INTEGER NOT NULL DEFAULT 0,
      position INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX rooms_by_emptied ON rooms (emptied) WHERE private;

    CREATE TABLE groups (
      id INTEGER PRIMARY KEY,
      room INTEGER NOT NULL,
      first INTEGER NOT NULL,
      count INTEGER NOT NULL,
      position INTEGER NOT NULL,
      time INTEGER NOT NULL,
      bytes BLOB NOT NULL);
    CREATE UNIQUE INDEX groups_by_first ON groups (room, first);
    CREATE UNIQUE INDEX groups_by_position ON groups (room, position);

    INSERT INTO rooms (name, private) VALUES ('lobby', 0);
    INSERT INTO groups VALUES (1, 1, 1, 2, 0, 1000, CAST('a' || char(10) || 'b' || char(10) AS BLOB));
    INSERT INTO groups VALUES (2, 1, 3, 1, 4, 2000, CAST('c' || char(10) AS BLOB));
    PRAGMA user_version = 1;
    COMMIT;
    """

  /// What the release before the journal made of it.
  private static let secondVersion = """
    BEGIN;
    CREATE TABLE files (
      room INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      size INTEGER NOT NULL,
      digest TEXT NOT NULL,
      sender TEXT NOT NULL,
      time INTEGER NOT NULL,
      PRIMARY KEY (room, sequence)) WITHOUT ROWID;
    INSERT INTO files VALUES (1, 2, '5f', 'b.png', 7, printf('%064d', 0), 'alice', 1000);
    PRAGMA user_version = 2;
    COMMIT;
    """

  /// A folder with a file of the first release.
  private func firstVersion() throws -> String {
    let folder = try TestHistory.temporaryFolder()
    _ = try sqlite("\(folder)/history.db", Self.firstVersion)
    return folder
  }

  /// What the sqlite3 tool answers.
  private func sqlite(_ file: String, _ statements: String) throws -> String {
    let program = try Program("sqlite3", ["-bail", file, statements])
    let answer = try program.rest()
    let code = try program.exitCode()
    guard code == 0 else { throw Failure("sqlite3 said \(code): \(program.errors)") }
    return answer
  }

  @Test("a file of the first release keeps its lines, and becomes what a new one is")
  func firstRelease() throws {
    let folder = try firstVersion()
    #expect {
      try HistoryReader(folder: FilePath(folder))
    } throws: { "\($0)".contains("written by an earlier release: start the server on it once") }
    let history = try TestHistory(folder: folder)
    #expect(try history.writer.setAside == nil)
    #expect(history.lobby.lastSequence == 3 && history.lobby.endPosition == 6)
    let lines = try HistoryReader(folder: FilePath(folder)).lines(
      of: history.lobby.id, after: 0, before: nil, limit: 10, byteLimit: 100)
    #expect(lines.map(\.text) == ["a", "b", "c"])
    #expect(lines.map(\.timeMilliseconds) == [1_000, 1_000, 2_000])
    // It is written to and opened again like any other.
    try history.append([["d"]])
    try history.reopen()
    #expect(
      try HistoryReader(folder: FilePath(folder)).texts(of: history.lobby) == ["a", "b", "c", "d"])
    let new = try TestHistory()
    let schema = "PRAGMA user_version; SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    #expect(try sqlite(history.file, schema) == sqlite(new.file, schema))
  }

  @Test("a file of the release before the journal keeps its lines and files, and a journal follows")
  func secondRelease() throws {
    let folder = try firstVersion()
    _ = try sqlite("\(folder)/history.db", Self.secondVersion)
    #expect {
      try HistoryReader(folder: FilePath(folder))
    } throws: { "\($0)".contains("written by an earlier release: start the server on it once") }
    let history = try TestHistory(folder: folder)
    #expect(try history.writer.setAside == nil)
    #expect(try history.writer.progress() == JournalProgress(identity: 0, position: 0))
    // No journal was archived, so all that lies beside it is new.
    let talk = JournalTalk(try Journal(in: FilePath(folder), capacity: 65_536))
    let room = JournalRoom("lobby")
    let entry = JournalEntry(Array("d\n".utf8), lineCount: 1, in: room, at: 3_000)
    #expect(talk.journal.append(entry, firstSequence: 4, roomPosition: 6))
    let stored = try #require(try StoredJournal(in: FilePath(folder)))
    var batch = ArchiveBatch()
    let end = stored.eachRecord(from: stored.start(after: try history.writer.progress())) {
      batch.add($0)
      return true
    }
    let progress = JournalProgress(identity: stored.identity, position: end)
    try history.writer.archive(batch, progress)
    try history.reopen()
    #expect(try history.writer.progress() == progress)
    let lines = try HistoryReader(folder: FilePath(folder)).lines(
      of: history.lobby.id, after: 0, before: nil, limit: 10, byteLimit: 100)
    #expect(lines.map(\.text) == ["a", "b", "c", "d"])
    #expect(lines.map(\.file) == [nil, "5f", nil, nil])
    #expect(lines.map(\.timeMilliseconds) == [1_000, 1_000, 2_000, 3_000])
    let schema = "PRAGMA user_version; SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    let new = try TestHistory()
    #expect(try sqlite(history.file, schema) == sqlite(new.file, schema))
  }

  @Test("a damaged file of the first release is set aside as it was, not migrated first")
  func damaged() throws {
    let folder = try firstVersion()
    let path = "\(folder)/history.db"
    _ = try sqlite(
      path,
      """
      WITH RECURSIVE numbers (n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200)
      INSERT INTO groups SELECT n, 1, n, 1, 1000 * n, 0, zeroblob(999) || char(10) FROM numbers
      """)
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: 40_960)
    try file.write(contentsOf: Data(repeating: 0xA5, count: 40_960))
    try file.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let history = try TestHistory(folder: folder)
    let aside = try #require(try history.writer.setAside).text
    #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == before)
    let log = try? Data(contentsOf: URL(fileURLWithPath: "\(aside)-wal"))
    #expect(log?.count ?? 0 == 0)
    #expect(history.lobby.lastSequence == 0)
  }
}
