internal import ChatCore
internal import ChatSystem

/// What a folder's journal has of a room that its database has not, whether or not a server runs.
enum JournalTail {
  /// The room's lines that are not archived yet, the oldest first.
  ///
  /// - Parameter reader: of the same folder.
  static func lines(
    of room: String, in folder: FilePath, _ reader: HistoryReader
  ) throws(HistoryError) -> [PastLine] {
    var lines: [PastLine] = []
    var position: UInt64?
    while true {
      let progress = try reader.progress()
      // A server that ends removes it, when all is in the database.
      guard let journal = try StoredJournal(in: folder) else { return lines }
      let start = max(position ?? 0, journal.start(after: progress))
      let end = journal.eachRecord(from: start) { record in
        if record.kind == .lines, record.room == room { lines += record.pastLines }
        return true
      }
      // A server that runs may have archived what was to be read next, and used its place again.
      let now = try reader.progress()
      guard now.identity == journal.identity, now.position > end else { return lines }
      position = end
    }
  }
}

extension JournalRecord {
  /// Copies of its lines.
  fileprivate var pastLines: [PastLine] {
    let (file, sequence, time) = (file, firstSequence, timeMilliseconds)
    return lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast().enumerated().map { index, line in
        PastLine(
          sequence: sequence + UInt64(index), timeMilliseconds: time, bytes: Array(line),
          file: index == 0 ? file?.id : nil)
      }
  }
}
