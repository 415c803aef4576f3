import ChatCore
import ChatHistory
import ChatSystem
import Foundation
import TestKit

/// A history in a temporary folder, with the room `lobby`, and what the test has put into it.
final class TestHistory {
  /// Where it lies; removed when the test is over.
  let folder: String
  /// Its writer; `nil` while it is closed.
  private(set) var open: HistoryWriter?
  /// The room.
  private(set) var lobby: StoredRoom
  /// The number that the next line of the room gets, and its position.
  private var next: [Int64: (sequence: UInt64, position: UInt64)] = [:]

  convenience init() throws { try self.init(folder: Self.temporaryFolder()) }

  /// Opens what lies in a folder, which is removed when the test is over.
  init(folder: String) throws {
    self.folder = folder
    let writer = try HistoryWriter(folder: FilePath(folder))
    open = writer
    lobby = try writer.room(named: "lobby", isPrivate: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// An empty folder of the test's own.
  static func temporaryFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("chat-history-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    return folder.path
  }

  var file: String { "\(folder)/history.db" }

  var writer: HistoryWriter {
    get throws {
      guard let open else { throw Failure("the writer is closed") }
      return open
    }
  }

  /// Closes the writer.
  func close() { open = nil }

  /// Opens it again.
  func reopen() throws {
    open = nil
    let writer = try HistoryWriter(folder: FilePath(folder))
    open = writer
    lobby = try writer.room(named: "lobby", isPrivate: false)
  }

  /// Lines that are there no more, or never were, take their numbers and bytes.
  func skip(lines: UInt64, bytes: UInt64, in room: StoredRoom? = nil) {
    let room = room ?? lobby
    let old = next[room.id] ?? (room.lastSequence + 1, room.endPosition)
    next[room.id] = (old.sequence + lines, old.position + bytes)
  }

  /// Commits each group of lines, all in one transaction.
  ///
  /// - Parameter files: the ids of the files that lines tell of, by the lines' text.
  func append(
    _ groups: [[String]], to room: StoredRoom? = nil, at time: Int64 = 0,
    files: [String: String] = [:]
  ) throws {
    let room = room ?? lobby
    var place = next[room.id] ?? (room.lastSequence + 1, room.endPosition)
    let batch = groups.map { group in
      let bytes = group.flatMap { Array("\($0)\n".utf8) }
      let records = zip(place.sequence..., group).compactMap { sequence, line in
        files[line].map { SharedFile.test($0, sequence: sequence) }
      }
      defer {
        place.sequence += UInt64(group.count)
        place.position += UInt64(bytes.count)
      }
      return ArchiveBatch.Lines(
        room: room.name, firstSequence: place.sequence, lineCount: group.count,
        position: place.position, timeMilliseconds: time, bytes: bytes, files: records)
    }
    try writer.archive(ArchiveBatch(batch), JournalProgress(identity: 1, position: 0))
    next[room.id] = place
  }
}

extension HistoryReader {
  /// All lines of a room after a number, as text.
  func texts(of room: StoredRoom, after sequence: UInt64 = 0) throws -> [String] {
    try lines(of: room.id, after: sequence, before: nil, limit: .max, byteLimit: .max)
      .map { $0.text }
  }
}

extension SharedFile {
  /// A file of an id, all else of which follows from that.
  static func test(
    _ id: String, sequence: UInt64, in room: String = "lobby", at timeMilliseconds: Int64 = 0
  ) -> Self {
    Self(
      id: id, name: "\(id) é.png", room: room, sender: "alice",
      sizeBytes: UInt64(id.utf8.count) << 40, digest: SHA256Digest(InlineArray(repeating: 0x0F)),
      timeMilliseconds: timeMilliseconds, sequence: sequence)
  }
}

extension PastLine {
  /// The line as text.
  var text: String { String(decoding: bytes, as: UTF8.self) }
}
