import ChatHistory
import ChatSystem
import Foundation
import TestKit

/// A server's way with its journal, played at random, with the disk under it: rooms talk, what they say is archived, the
/// database and the journal reach the disk now and then, space is freed, rooms are erased, and the file is made again.
struct JournalPowerPlay {
  /// What lies on the disk when the power is back.
  struct Crash {
    /// How far the journal was archived, as the database has it.
    let note: JournalProgress
    /// The records from there on, until the first that is not whole: those that are wanted.
    let wanted: [Said]
    /// Records after that which are whole.
    let later: [Said]
    /// What the last sync has had reach the disk ends here, at least.
    let syncedHead: UInt64
    /// What was said before the note: the database has it.
    let archived: [Said]
    /// Where the last record ended.
    let head: UInt64
  }

  private let folder: JournalFolder
  private let capacity: Int
  private let start: UInt64
  private let journal: Journal
  private let talk: JournalTalk
  /// The records' bytes, as they were written.
  private var written: [[UInt8]] = []
  private var file: FileRing
  private var disk: JournalDisk
  private var syncedHead: UInt64
  private var clock: Int64 = 0
  /// What the database has committed since it reached the disk last; the first is what it had then.
  private var notes: [JournalProgress]

  /// Begins with an empty journal.
  init(using random: inout SeededRandom) throws {
    folder = try JournalFolder()
    capacity = 65_536 * ([1, 1, 1, 1, 2, 3, 16].randomElement(using: &random) ?? 1)
    let starts: [UInt64] = [0, 0, 8, 65_528, .random(in: 0...1 << 50, using: &random) & ~7]
    start = starts.randomElement(using: &random) ?? 0
    journal = try Journal(in: folder.path, capacity: capacity, start: start)
    talk = JournalTalk(journal)
    file = try FileRing(opening: folder.journal, isWritable: false)
    disk = JournalDisk(file)
    syncedHead = start
    // What an earlier journal left in the database says nothing of this one.
    let before = JournalProgress(identity: 1, position: .random(in: 0...1 << 20, using: &random))
    notes = [before]
  }

  /// How far the database is archived.
  private var archived: UInt64 { notes.last.map(position) ?? start }

  private func position(of note: JournalProgress) -> UInt64 {
    note.identity == journal.identity ? note.position : start
  }

  // MARK: What a server does

  /// Does one thing.
  mutating func step(using random: inout SeededRandom) throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<57: say(using: &random)
    case 57..<60: closePage()
    case 60..<78: archive(using: &random)
    case 78..<84: syncDatabase()
    case 84..<88:
      syncDatabase()
      journal.free(upTo: archived)
    case 88..<95: syncJournal()
    case 95..<98: erase(using: &random)
    default: if Int.random(in: 0..<4, using: &random) == 0 { try renew() }
    }
    disk.note(file)
  }

  private mutating func say(using random: inout SeededRandom) {
    clock += Int64.random(in: 0...8, using: &random)
    let room = ["lobby", "*first", "*second"].randomElement(using: &random) ?? ""
    let longest = [20, 20, 200, 1_000, 9_000, 40_000].randomElement(using: &random) ?? 20
    var isSaid: Bool
    if Int.random(in: 0..<12, using: &random) == 0 {
      isSaid = talk.leave(room, at: clock)
    } else {
      var lines: [UInt8] = []
      repeat {
        let letter = UInt8.random(in: 0x61...0x7A, using: &random)
        let count = Int.random(in: 0...longest, using: &random)
        lines += [UInt8](repeating: letter, count: count) + [0x0A]
      } while lines.count < longest / 2
      let file = Int.random(in: 0..<8, using: &random) == 0 ? "file \(talk.said.count)" : nil
      isSaid = talk.say(lines, in: room, at: clock, file: file)
    }
    if !isSaid {
      // Who finds it full waits for the archivist.
      archive(using: &random)
      syncDatabase()
      journal.free(upTo: archived)
    } else {
      noteWritten()
    }
  }

  private mutating func closePage() { if talk.closePage() { noteWritten() } }

  private mutating func noteWritten() {
    guard let new = talk.said.last else { return }
    written.append(Array(file[new.position..<new.position + UInt64(new.byteCount)]))
  }

  private mutating func archive(using random: inout SeededRandom) {
    var left = Int.random(in: 1...40, using: &random)
    let end = journal.eachRecord(in: archived..<journal.head) { _ in
      left -= 1
      return left > 0
    }
    notes.append(JournalProgress(identity: journal.identity, position: end))
  }

  private mutating func syncDatabase() { notes.removeFirst(notes.count - 1) }

  private mutating func syncJournal() {
    disk.note(file)
    disk.sync()
    syncedHead = journal.head
  }

  private mutating func erase(using random: inout SeededRandom) {
    guard Bool.random(using: &random) else { return }
    journal.erase(JournalRoom("*first"))
  }

  private mutating func renew() throws {
    try journal.renew()
    file = try FileRing(opening: folder.journal, isWritable: false)
    disk = JournalDisk(file)
    syncedHead = journal.head
  }

  // MARK: The power failure

  /// The power fails.
  ///
  /// - Parameter target: where the file as it is then is written to.
  func crash(into target: FileRing, using random: inout SeededRandom) -> Crash {
    let image = disk.afterPowerFailure(using: &random)
    image.withUnsafeBytes { image in
      target.header.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: image[..<FileRing.headerBytes]))
      target.write(UnsafeRawBufferPointer(rebasing: image[FileRing.headerBytes...]), at: 0)
    }
    let note = notes.randomElement(using: &random) ?? notes[0]
    let start = position(of: note)
    var (wanted, later): ([Said], [Said]) = ([], [])
    var isBroken = false
    for (said, bytes) in zip(talk.said, written) where said.position >= start {
      let found = target[said.position..<said.position + UInt64(bytes.count)]
      let isWhole = bytes.withUnsafeBytes {
        isSame($0, found)
      }
      if !isWhole {
        isBroken = true
      } else if isBroken {
        later.append(said)
      } else {
        wanted.append(said)
      }
    }
    return Crash(
      note: note, wanted: wanted, later: later, syncedHead: syncedHead,
      archived: talk.said.filter { $0.position < start }, head: journal.head)
  }

  /// How many bytes its ring holds.
  var ringBytes: Int { capacity }
}
