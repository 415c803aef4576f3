import ChatCore
import ChatHistory
import ChatSystem
import Foundation
import TestKit

/// A folder for files that need not outlive the power: in memory where there is such a disk, so that nothing waits.
final class JournalFolder {
  let path: FilePath

  init() throws {
    let parent = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    let name = "\(parent)/chat-journal-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: false)
    path = FilePath(name)
  }

  deinit { try? FileManager.default.removeItem(atPath: path.decoded) }

  /// Where a journal lies here.
  var journal: FilePath { path.appending(Journal.name) }

  /// All of the journal's file.
  func bytes() throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: journal.decoded) else {
      throw Failure("there is no journal in \(path)")
    }
    return Array(data)
  }

  /// Whether a text lies anywhere in the journal's file.
  func holds(_ text: String) throws -> Bool {
    Data(try bytes()).range(of: Data(text.utf8)) != nil
  }

  /// Writes into the ring of the journal's file, as another program would.
  func overwrite(at position: UInt64, _ body: (UnsafeMutableRawBufferPointer) -> Void) throws {
    let ring = try FileRing(opening: journal)
    body(ring.mutableBytes(position..<position + 8))
  }
}

/// What a record says, in a form that can be kept and compared.
struct Said: Equatable, CustomStringConvertible {
  var kind = JournalRecord.Kind.lines
  var position: UInt64 = 0
  var end: UInt64 = 0
  var room = "lobby"
  var timeMilliseconds: Int64 = 0
  var firstSequence: UInt64 = 1
  var roomPosition: UInt64 = 0
  var lineCount = 0
  var lines: [UInt8] = []
  var file: SharedFile?

  init() {}

  init(_ record: JournalRecord) {
    (kind, position, end) = (record.kind, record.position, record.end)
    (room, timeMilliseconds) = (record.room, record.timeMilliseconds)
    (firstSequence, roomPosition) = (record.firstSequence, record.roomPosition)
    (lineCount, lines, file) = (record.lineCount, Array(record.lines), record.file)
  }

  /// How many bytes the record has without what pads it: a header of 56, then its parts.
  var byteCount: Int { fileBytes + 56 + room.utf8.count + lines.count }

  private var fileBytes: Int {
    file.map { 46 + $0.id.utf8.count + $0.name.utf8.count + $0.sender.utf8.count } ?? 0
  }

  var texts: [String] {
    String(decoding: lines, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }

  var description: String {
    "\(kind) at \(position)..<\(end): \(room) \(firstSequence) (\(roomPosition)) \(lines.count) B"
  }
}

/// Rooms that talk into a journal, and what they have said.
final class JournalTalk {
  /// What a room has come to.
  private struct Place {
    var sequence: UInt64 = 0
    var position: UInt64 = 0
  }

  let journal: Journal
  /// What is in the journal, the oldest first.
  private(set) var said: [Said] = []
  private var places: [String: Place] = [:]

  init(_ journal: Journal) { self.journal = journal }

  /// Appends lines, each with its LF.
  ///
  /// - Parameter file: the id of what the first line announces.
  /// - Returns: whether there was space.
  func say(
    _ bytes: [UInt8], in room: String = "lobby", at time: Int64 = 0, file id: String? = nil
  ) -> Bool {
    var place = places[room] ?? Place()
    var new = Said()
    (new.room, new.timeMilliseconds, new.lines) = (room, time, bytes)
    (new.firstSequence, new.roomPosition) = (place.sequence + 1, place.position)
    new.lineCount = bytes.count { $0 == 0x0A }
    new.file = id.map { .test($0, sequence: place.sequence + 1, in: room, at: time) }
    let entry = JournalEntry(
      bytes, lineCount: new.lineCount, in: JournalRoom(room), at: time, announcing: new.file)
    guard append(entry, &new) else { return false }
    place.sequence += UInt64(new.lineCount)
    place.position += UInt64(bytes.count)
    places[room] = place
    return true
  }

  /// Appends lines.
  func say(
    _ texts: String..., in room: String = "lobby", at time: Int64 = 0, file id: String? = nil
  ) -> Bool {
    say(texts.flatMap { Array("\($0)\n".utf8) }, in: room, at: time, file: id)
  }

  /// Notes that a room was left by its last member.
  func leave(_ room: String, at time: Int64 = 0, sinceBoot: UInt64 = 0) -> Bool {
    var new = Said()
    (new.kind, new.room, new.timeMilliseconds) = (.emptied, room, time)
    new.firstSequence = sinceBoot
    return append(.emptied(JournalRoom(room), at: time), &new)
  }

  /// Closes a page.
  ///
  /// - Returns: whether there was something to close, and space for it.
  func closePage() -> Bool {
    var new = Said()
    (new.kind, new.room, new.firstSequence, new.position) = (.erased, "", 0, journal.head)
    journal.closePage()
    new.end = journal.head
    guard new.end > new.position else { return false }
    new.lines = [UInt8](repeating: 0, count: Int(new.end - new.position) - 56)
    said.append(new)
    return true
  }

  private func append(_ entry: JournalEntry, _ new: inout Said) -> Bool {
    new.position = journal.head
    guard
      journal.append(
        entry, firstSequence: new.firstSequence, roomPosition: new.roomPosition)
    else { return false }
    new.end = journal.head
    said.append(new)
    return true
  }
}

extension Journal {
  /// The records between two positions, and where reading ended.
  func said(_ range: Range<UInt64>) -> (records: [Said], end: UInt64) {
    var records: [Said] = []
    let end = eachRecord(in: range) { record in
      records.append(Said(record))
      return true
    }
    return (records, end)
  }
}

extension StoredJournal {
  /// The records from a position on, and where reading ended.
  func said(from position: UInt64) -> (records: [Said], end: UInt64) {
    var records: [Said] = []
    let end = eachRecord(from: position) { record in
      records.append(Said(record))
      return true
    }
    return (records, end)
  }

  /// What a database with this note lacks.
  func said(after identity: UInt64, _ position: UInt64) -> [Said] {
    said(from: start(after: JournalProgress(identity: identity, position: position))).records
  }
}
