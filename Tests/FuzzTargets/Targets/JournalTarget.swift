internal import ChatHistory
internal import ChatSystem

/// A journal's file, as damage or another program may leave it, and the database's note of how far it was archived.
///
/// The input: a byte of choices, the distance of the note from the tail (8 bytes), for a file of another size the size
/// (3), then bytes for the header (their number, and if it is not 0 where: 1 each), then stretches for the ring (where
/// and how many: 2 each).
enum JournalTarget {
  private struct Choices: OptionSet {
    let rawValue: UInt8
    static let sealsHeader = Choices(rawValue: 4)
    static let sealsRecords = Choices(rawValue: 8)
    static let isNoted = Choices(rawValue: 16)
    static let archives = Choices(rawValue: 32)
    static let hasClock = Choices(rawValue: 64)
    static let archivesEach = Choices(rawValue: 128)
  }

  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let choices = Choices(rawValue: reader.byte())
    let distance = reader.number()
    let image = image(choices, &reader)
    let folder = ScratchFolder.shared.newFolder()
    defer { ScratchFolder.shared.remove(folder) }
    do throws(SystemError) {
      let file = try RegularFile(toWrite: folder.appending(Journal.name))
      demand(file.write(image.bytes.span, at: 0).error == nil, "the journal can't be written")
    } catch { demand(false, "\(error)") }
    do throws(HistoryError) {
      guard let journal = try StoredJournal(in: folder) else {
        return demand(false, "the journal is not there")
      }
      let note = JournalProgress(
        identity: choices.contains(.isNoted) ? journal.identity : 1,
        position: image.tail &+ distance)
      read(journal, from: journal.start(after: note), image, choices)
      if choices.contains(.archives) { archive(journal, in: folder, note, choices) }
    } catch { demand(error.kind == .damaged, "\(error)") }
  }

  private static func image(_ choices: Choices, _ reader: inout InputReader) -> JournalImage {
    let contents: [JournalImage.Content] = [.nothing, .everyKind, .wrapped, .everyKind]
    let number = Int(choices.rawValue & 3)
    var image = JournalImage.with(contents[number])
    if number == 3 {
      let size = reader.bytes(3).reduce(0) { $0 << 8 | Int($1) }
      image.resize(to: size & 0x7FFFF)
    }
    let headerBytes = Int(reader.byte())
    if headerBytes > 0 {
      let offset = Int(reader.byte())
      image.changeHeader(at: offset, to: reader.bytes(headerBytes))
    }
    if choices.contains(.sealsHeader) { image.sealHeader() }
    while !reader.isAtEnd {
      let position = UInt64(reader.byte()) << 8 | UInt64(reader.byte())
      let count = Int(reader.byte()) << 8 | Int(reader.byte())
      image.changeRing(at: position, to: reader.bytes(count))
    }
    if choices.contains(.sealsRecords), image.bytes.count > 65_536 + 56 { image.sealRecords() }
    return image
  }

  /// Reads all records, and makes groups of them.
  private static func read(
    _ journal: StoredJournal, from start: UInt64, _ image: JournalImage, _ choices: Choices
  ) {
    let clock = ClockReading(wallMilliseconds: 1_769_860_800_000, sinceBoot: .seconds(50))
    var batch = ArchiveBatch(
      steadyClock: choices.contains(.hasClock) ? SteadyClock(at: clock) : nil)
    var (position, records, bytes) = (start, 0, 0)
    let end = journal.eachRecord(from: start) { record in
      demand(record.position == position && record.end > position, "a record out of order")
      image.check(record)
      position = record.end
      records += 1
      // Each place of the ring is that of one position.
      demand(records <= image.ringBytes / 8, "reading goes round and round")
      if record.kind == .lines { bytes += record.lines.count }
      _ = record.file
      batch.add(record)
      return true
    }
    demand(end == position, "reading ends at \(end) and not at \(position)")
    _ = journal.isTorn(at: end)
    demand(batch.byteCount == bytes, "\(batch.byteCount) bytes of \(bytes)")
    for case .lines(let lines) in batch.items { check(lines) }
  }

  private static func check(_ group: ArchiveBatch.Lines) {
    let count = group.bytes.count { $0 == UInt8(ascii: "\n") }
    demand(group.lineCount == count, "a group of \(group.lineCount) lines, and \(count)")
    demand(
      group.bytes.count <= ArchiveBatch.groupBytes || count == 1,
      "a group of \(group.bytes.count) bytes")
  }

  /// Does what a server does that starts, and prints the rooms before and after.
  private static func archive(
    _ journal: StoredJournal, in folder: FilePath, _ note: JournalProgress, _ choices: Choices
  ) {
    do throws(HistoryError) {
      let writer = try HistoryWriter(folder: folder)
      try writer.archive(ArchiveBatch(), note)
      export(folder, .text)
      var position = journal.start(after: try writer.progress())
      while true {
        var batch = ArchiveBatch()
        let end = journal.eachRecord(from: position) { record in
          batch.add(record)
          return !choices.contains(.archivesEach)
        }
        guard end > position else { break }
        let progress = JournalProgress(identity: journal.identity, position: end)
        try writer.archive(batch, progress)
        let noted = try writer.progress()
        demand(noted == progress, "the note is another")
        position = end
      }
    } catch { demand(false, "\(error)") }
    export(folder, .json)
  }

  private static func export(_ folder: FilePath, _ format: HistoryExport.Format) {
    for room in ["lobby", "*room"] {
      do throws(HistoryExport.Failure) {
        try HistoryExport.run(folder: folder, room: room, format: format) { bytes in
          demand(bytes.last == UInt8(ascii: "\n"), "an export ends without LF")
        }
      } catch {
        // There may be no such room.
        guard case .history(let error) = error, error.kind == .other else {
          return demand(false, "\(error)")
        }
      }
    }
  }
}
