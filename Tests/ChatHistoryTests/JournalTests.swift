import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Journal: the ring")
struct JournalTests {
  private static let capacity = 65_536

  private let folder: JournalFolder

  init() throws { folder = try JournalFolder() }

  private func journal(start: UInt64 = 0, capacity: Int = Self.capacity) throws -> Journal {
    try Journal(in: folder.path, capacity: capacity, start: start)
  }

  private func stored() throws -> StoredJournal {
    try #require(try StoredJournal(in: folder.path))
  }

  /// Says a line of about 1,000 bytes.
  private func sayMuch(_ talk: JournalTalk, in room: String = "lobby") -> Bool {
    talk.say("\(talk.said.count) " + String(repeating: "x", count: 930), in: room)
  }

  @Test("it takes records until it is full, refuses without harm, and goes on when space is freed")
  func full() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    while sayMuch(talk) {}
    #expect(journal.head <= 65_536 && journal.head > 64_000)
    #expect(journal.fill > 0.97)
    #expect(journal.tail == 0)
    let count = talk.said.count
    #expect(!sayMuch(talk))
    #expect(journal.said(0..<journal.head).records == talk.said)
    journal.free(upTo: talk.said[0].end)
    #expect(journal.tail == talk.said[0].end)
    #expect(journal.oldest == 0)
    #expect(sayMuch(talk))
    #expect(!sayMuch(talk))
    #expect(talk.said.count == count + 1)
    // What was freed is overwritten, and no more.
    #expect(journal.oldest == talk.said[1].position)
    #expect(journal.said(journal.oldest..<journal.head).records == Array(talk.said[1...]))
    // Freeing less than was freed changes nothing.
    journal.free(upTo: 0)
    #expect(journal.tail == talk.said[0].end)
  }

  @Test("a record as large as the ring fits, a larger one never does")
  func exact() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    let fitting = 65_536 - 56 - 5
    #expect(!talk.say([UInt8](repeating: 0x61, count: fitting) + [0x0A]))
    #expect(talk.say([UInt8](repeating: 0x61, count: fitting - 1) + [0x0A]))
    #expect(journal.fill == 1)
    #expect(!talk.say([]))
    #expect(try stored().said(from: 0).records == talk.said)
    journal.free(upTo: journal.head)
    #expect(talk.say([]))
    #expect(journal.oldest == 65_536)
  }

  @Test(
    "laps follow laps from any start, and what is not overwritten is read",
    arguments: [0, 8, 65_528, 1 << 20, (1 << 62) - 65_536] as [UInt64])
  func laps(start: UInt64) throws {
    try SeededRandom.run { random in
      let journal = try journal(start: start)
      #expect(journal.head == start && journal.tail == start && journal.oldest == start)
      let talk = JournalTalk(journal)
      while journal.head < start + 20 * UInt64(Self.capacity) {
        let line = [UInt8](repeating: 0x61, count: .random(in: 0...3_000, using: &random))
        let isSaid = talk.say(line + [0x0A], in: Bool.random(using: &random) ? "lobby" : "*room")
        if !isSaid || Int.random(in: 0..<9, using: &random) == 0 {
          let kept = talk.said.last { $0.end <= journal.head - .random(in: 0...9, using: &random) }
          journal.free(upTo: kept?.end ?? start)
        }
        let held = talk.said.filter { $0.position >= journal.oldest }
        #expect(held.first.map { $0.position == journal.oldest } ?? true)
        #expect(journal.oldest <= journal.tail)
        #expect(journal.head - journal.oldest <= UInt64(Self.capacity))
        if Int.random(in: 0..<50, using: &random) == 0 {
          #expect(journal.said(journal.oldest..<journal.head).records == held)
          #expect(try stored().said(after: journal.identity, journal.oldest) == held)
        }
      }
    }
  }

  @Test("a page that is closed is left alone from then on, and what is before and after is read")
  func closedPages() throws {
    try SeededRandom.run { random in
      let journal = try journal()
      let talk = JournalTalk(journal)
      journal.closePage()
      #expect(journal.head == 0)
      for _ in 0..<200 {
        let line = [UInt8](repeating: 0x61, count: .random(in: 0...6_000, using: &random))
        if !talk.say(line + [0x0A]) {
          journal.free(upTo: journal.head)
          #expect(talk.say(line + [0x0A]))
        }
        let head = journal.head
        journal.closePage()
        // Where less than a header is left of a page, the next one is closed, too.
        #expect(journal.head % 4_096 == 0 || journal.head - journal.tail > 60_000)
        #expect(journal.head - head < 4_096 + 56)
        let closed = journal.head
        journal.closePage()
        #expect(journal.head == closed || closed % 4_096 != 0)
        let held = talk.said.filter { $0.position >= journal.oldest }
        for records in [
          journal.said(journal.oldest..<journal.head).records,
          try stored().said(from: journal.oldest).records,
        ] {
          #expect(records.filter { $0.kind == .lines } == held)
          #expect(records.allSatisfy { $0.kind == .lines || $0.lines.allSatisfy { $0 == 0 } })
        }
      }
    }
  }

  @Test(
    "what is left of a page less than a header takes the next one, too, also over the ring's end",
    arguments: [
      (0, 0), (8, 4_096), (4_040, 4_096), (4_048, 8_192), (4_088, 8_192), (4_096, 4_096),
      (65_480, 65_536), (65_488, 69_632), (5 * 65_536 - 8, 5 * 65_536 + 4_096),
    ] as [(UInt64, UInt64)])
  func closedEnds(start: UInt64, end: UInt64) throws {
    let journal = try journal(start: start)
    let talk = JournalTalk(journal)
    #expect(talk.closePage() == (end > start))
    #expect(journal.head == end)
    #expect(!talk.closePage())
    #expect(talk.say("after"))
    #expect(journal.said(start..<journal.head).records == talk.said)
    #expect(try stored().said(from: start).records == talk.said)
    var batch = ArchiveBatch()
    _ = journal.eachRecord(in: start..<journal.head) { record in
      batch.add(record)
      return true
    }
    #expect(batch.items.count == 1 && batch.byteCount == 6)
  }

  @Test(
    "a long record, which is written, is read like one that is copied, also over the ring's end",
    arguments: [0, 65_536 - 4_096, 65_536 - 4_088, 65_528] as [UInt64])
  func longRecords(start: UInt64) throws {
    for recordBytes in [4_095, 4_096, 4_097, 40_000, 65_528] {
      let journal = try journal(start: start)
      let talk = JournalTalk(journal)
      // Without the header, the room's name and the LF.
      let line = (0..<recordBytes - 56 - 5 - 1).map { UInt8(0x61 + $0 % 26) }
      #expect(talk.say(line + [0x0A]))
      #expect(talk.said.map(\.byteCount) == [recordBytes])
      #expect(journal.said(start..<journal.head).records == talk.said)
      #expect(try stored().said(from: start).records == talk.said)
      let file = try folder.bytes()[65_536...]
      let offset = Int(start) + 61
      let found = (0..<line.count).map { file[65_536 + (offset + $0) % 65_536] }
      #expect(found == line)
    }
  }

  @Test("a page of a full journal is not closed")
  func fullPage() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    while talk.say("x") {}
    let head = journal.head
    journal.closePage()
    #expect(journal.head == head)
  }

  @Test("what the disk did not take is noticed, and is in the file that is made again")
  func failedSync() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    #expect(talk.say("a"))
    try journal.sync()
    #expect(talk.say("b"))
    // The last byte is missing: nothing is written there, and no page is gone.
    try RegularFile(toWrite: folder.journal).truncate(to: 65_536 + 65_535)
    #expect(throws: SystemError.self) { try journal.sync() }
    try RegularFile(toWrite: folder.journal).truncate(to: 65_536 + 65_536)
    #expect(!journal.isInPlace)
    // What was not taken once is not taken for synced.
    #expect(throws: SystemError.self) { try journal.sync() }
    try journal.renew()
    #expect(journal.isInPlace)
    try journal.sync()
    #expect(try stored().said(from: 0).records == talk.said)
  }

  @Test("reading ends where the reader wants no more, and at the end of the range")
  func readingEnds() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    for _ in 0..<10 { #expect(sayMuch(talk)) }
    var count = 0
    let end = journal.eachRecord(in: 0..<journal.head) { _ in
      count += 1
      return count < 4
    }
    #expect(end == talk.said[3].end)
    #expect(journal.said(end..<talk.said[6].end).records == Array(talk.said[4...6]))
    #expect(journal.said(journal.head..<journal.head).records == [])
  }

  @Test("what was freed and is not overwritten is retained, as far as a quarter stays free")
  func retain() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    for _ in 0..<10 { #expect(sayMuch(talk)) }
    journal.free(upTo: journal.head)
    #expect(journal.retain() == 0)
    #expect(journal.tail == 0)
    while sayMuch(talk) {}
    journal.free(upTo: journal.head)
    for _ in 0..<40 { #expect(sayMuch(talk)) }
    let retained = journal.retain()
    #expect(journal.tail == retained)
    let held = journal.said(retained..<journal.head).records
    #expect(held == talk.said.filter { $0.position >= retained })
    #expect(held.count > 45)
    #expect(journal.head - retained <= 65_536 / 4 * 3)
    for _ in 0..<16 { #expect(sayMuch(talk)) }
    #expect(journal.said(retained..<journal.head).records.prefix(held.count) == held[...])
  }

  @Test("what was not freed is retained, however full it is")
  func retainFull() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    while sayMuch(talk) {}
    let freed = talk.said[5].end
    journal.free(upTo: freed)
    while sayMuch(talk) {}
    let held = journal.said(freed..<journal.head).records
    #expect(journal.retain() <= freed)
    #expect(journal.tail <= freed)
    #expect(journal.said(freed..<journal.head).records == held)
    #expect(!sayMuch(talk))
  }

  // MARK: Another program and the file

  @Test("a file that was removed, replaced or shortened is made again, with all that is not freed")
  func renew() throws {
    for number in 0..<4 {
      let journal = try journal(start: 40_000)
      let talk = JournalTalk(journal)
      while sayMuch(talk) {}
      let kept = talk.said[30].end
      journal.free(upTo: kept)
      for _ in 0..<5 { #expect(sayMuch(talk)) }
      #expect(journal.isInPlace)
      switch number {
      case 0: try folder.journal.remove()
      case 1: try folder.journal.rename(to: folder.path.appending("away"))
      case 2:
        try folder.journal.remove()
        try RegularFile(toWrite: folder.journal).truncate(to: 131_072)
      default: break
      }
      #expect(journal.isInPlace == (number == 3))
      // Nothing is lost meanwhile.
      #expect(sayMuch(talk))
      try journal.renew()
      #expect(journal.isInPlace)
      #expect(journal.tail == kept && journal.oldest == kept)
      let held = talk.said.filter { $0.position >= kept }
      #expect(try stored().said(after: journal.identity, kept) == held)
      // It says by itself where it begins.
      #expect(try stored().said(after: 0, 0) == held)
      #expect(sayMuch(talk))
      #expect(try stored().said(from: kept).records == held + [talk.said.last])
      try journal.sync()
    }
  }

  @Test("what a shortened file has lost is a hole, and what is said after it was renewed is kept")
  func shortened() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    for _ in 0..<50 { #expect(sayMuch(talk)) }
    try RegularFile(toWrite: folder.journal).truncate(to: 65_536 + 16_384)
    #expect(!journal.isInPlace)
    #expect(throws: SystemError.self) { try journal.sync() }
    let whole = talk.said.filter { $0.end <= 16_384 }
    #expect(journal.said(0..<journal.head).records == whole)
    for _ in 0..<100 {
      if !sayMuch(talk) { journal.free(upTo: journal.head) }
    }
    try journal.renew()
    #expect(journal.isInPlace)
    let start = journal.head
    journal.free(upTo: start)
    for _ in 0..<200 {
      if !sayMuch(talk) { journal.free(upTo: journal.head) }
    }
    #expect(
      try stored().said(from: journal.tail).records
        == talk.said.filter { $0.position >= journal.tail })
  }

  @Test("removing it leaves alone what has taken its name")
  func remove() throws {
    let journal = try journal()
    try folder.journal.remove()
    try RegularFile(toWrite: folder.journal).truncate(to: 5)
    journal.remove()
    #expect(folder.journal.status?.sizeBytes == 5)
    let next = try self.journal()
    next.remove()
    #expect(folder.journal.status == nil)
    #expect(try StoredJournal(in: folder.path) == nil)
  }

  // MARK: Erasing

  @Test("a room is erased in all laps, the others stay whole, and none of its bytes is in the file")
  func erase() throws {
    try SeededRandom.run { random in
      let journal = try journal(start: 123_456, capacity: 131_072)
      let talk = JournalTalk(journal)
      while journal.head < 500_000 {
        let isSecret = Int.random(in: 0..<4, using: &random) == 0
        let text = String(repeating: isSecret ? "secret " : "plain ", count: 40)
        let file = Bool.random(using: &random) ? "\(text)\(talk.said.count)" : nil
        if !talk.say(text, in: isSecret ? "*room" : "*roomy", file: file) {
          journal.free(upTo: journal.head)
        }
      }
      journal.free(upTo: journal.head)
      #expect(try folder.holds("secret"))
      journal.erase(JournalRoom("*room"))
      #expect(try !folder.holds("secret"))
      let held = talk.said.filter { $0.position >= journal.oldest }
      let records = journal.said(journal.oldest..<journal.head).records
      #expect(records.map(\.end) == held.map(\.end))
      for (record, old) in zip(records, held) {
        #expect(old.room == "*room" ? record.kind == .erased : record == old)
      }
      // Twice does no harm.
      journal.erase(JournalRoom("*room"))
      #expect(journal.said(journal.oldest..<journal.head).records == records)
    }
  }

  @Test("of a record that was overwritten in part the rest is erased, also over the ring's end")
  func eraseRest() throws {
    for start: UInt64 in [0, 65_536 - 8_000] {
      let journal = try journal(start: start)
      let talk = JournalTalk(journal)
      #expect(talk.say(String(repeating: "secret ", count: 4_000), in: "*room"))
      #expect(talk.say(String(repeating: "plain ", count: 6_000)))
      journal.free(upTo: journal.head)
      #expect(talk.say(String(repeating: "plain ", count: 1_000)))
      #expect(journal.oldest == talk.said[1].position)
      #expect(try folder.holds("secret"))
      journal.erase(JournalRoom("*room"))
      #expect(try !folder.holds("secret"))
      #expect(journal.said(journal.oldest..<journal.head).records == Array(talk.said[1...]))
      #expect(talk.say("later"))
    }
  }

  @Test("what is not safe elsewhere is not erased: half of that on the disk would be a hole")
  func eraseFreedAlone() throws {
    let journal = try journal()
    let talk = JournalTalk(journal)
    for _ in 0..<20 { #expect(sayMuch(talk, in: "*room")) }
    journal.free(upTo: talk.said[9].end)
    journal.erase(JournalRoom("*room"))
    let records = journal.said(0..<journal.head).records
    #expect(
      records.map(\.kind) == Array(repeating: .erased, count: 10)
        + Array(repeating: .lines, count: 10))
    #expect(Array(records[10...]) == Array(talk.said[10...]))
    journal.free(upTo: journal.head)
    journal.erase(JournalRoom("*room"))
    #expect(journal.said(0..<journal.head).records.allSatisfy { $0.kind == .erased })
  }

  @Test("threads append at once, and every record is whole")
  func threads() throws {
    final class Shared: Sendable { let ended = Guarded((count: 0, said: 0)) }
    let (shared, journal) = (Shared(), try journal(capacity: 1_048_576))
    for thread in 0..<4 {
      try SystemThread.start(named: "talk") {
        let room = JournalRoom("room \(thread)")
        var said = 0
        for number in 0..<1_500 {
          let lines = [UInt8](repeating: 0x61 + UInt8(thread), count: number % 90) + [0x0A]
          let entry = JournalEntry(lines, lineCount: 1, in: room, at: 0)
          if journal.append(entry, firstSequence: UInt64(number), roomPosition: 0) { said += 1 }
        }
        shared.ended.withLock { $0 = ($0.count + 1, $0.said + said) }
        shared.ended.wake()
      }
    }
    let said = shared.ended.wait { $0.count == 4 ? $0.said : nil }
    let records = journal.said(0..<journal.head).records
    #expect(said == 6_000)
    #expect(records.count == said)
    for thread in 0..<4 {
      let own = records.filter { $0.room == "room \(thread)" }
      #expect(own.map(\.firstSequence) == Array(0..<1_500))
      #expect(own.allSatisfy { $0.lines.dropLast().allSatisfy { $0 == 0x61 + UInt8(thread) } })
    }
  }
}
