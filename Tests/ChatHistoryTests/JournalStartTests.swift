import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Journal: what a start finds")
struct JournalStartTests {
  private let folder: JournalFolder

  init() throws { folder = try JournalFolder() }

  private func stored() throws -> StoredJournal {
    try #require(try StoredJournal(in: folder.path))
  }

  /// A journal in which ten lines were said.
  private func tenLines(start: UInt64 = 0) throws -> JournalTalk {
    let talk = JournalTalk(try Journal(in: folder.path, capacity: 65_536, start: start))
    for number in 1...10 { #expect(talk.say("line \(number)")) }
    return talk
  }

  /// A journal whose ring was written over and over.
  private func manyLaps() throws -> JournalTalk {
    let talk = JournalTalk(try Journal(in: folder.path, capacity: 65_536))
    while talk.journal.head < 300_000 {
      if !talk.say("\(talk.said.count) " + String(repeating: "x", count: talk.said.count % 700)) {
        talk.journal.free(upTo: talk.journal.head)
      }
    }
    return talk
  }

  @Test("the database lacks what is after its note, and nothing if that is at the very end")
  func sameIdentity() throws {
    for start in [0, 88, 65_600] as [UInt64] {
      let talk = try tenLines(start: start)
      let identity = talk.journal.identity
      for (index, said) in talk.said.enumerated() {
        let rest = Array(talk.said[index...])
        #expect(try stored().said(after: identity, said.position) == rest)
      }
      let note = JournalProgress(identity: identity, position: talk.journal.head)
      #expect(try stored().start(after: note) == talk.journal.head)
      #expect(try stored().said(after: identity, talk.journal.head) == [])
      #expect(try stored().said(after: identity, 0) == talk.said)
    }
  }

  @Test("a note of another journal, or of none, says nothing: all is wanted")
  func otherIdentity() throws {
    for start in [0, 65_600] as [UInt64] {
      let talk = try tenLines(start: start)
      for identity in [0, 1, talk.journal.identity ^ 1, .max] {
        for position in [0, talk.said[4].position, talk.journal.head, .max] {
          #expect(try stored().said(after: identity, position) == talk.said)
        }
      }
    }
  }

  @Test("a note older than what was overwritten, or of another journal: from the oldest record on")
  func overwritten() throws {
    let talk = try manyLaps()
    let held = talk.said.filter { $0.position >= talk.journal.oldest }
    #expect(held.count > 80)
    let identity = talk.journal.identity
    #expect(try stored().said(after: identity, 0) == held)
    #expect(try stored().said(after: identity, talk.said[20].position) == held)
    #expect(try stored().said(after: 0, 0) == held)
    // One that is there still is where it begins, however old.
    #expect(try stored().said(after: identity, held[1].position) == Array(held[1...]))
    #expect(try stored().said(after: identity, talk.journal.head) == [])
  }

  @Test("reading ends before a record that is not whole, and the rest is told of")
  func hole() throws {
    let talk = try tenLines()
    #expect(try !stored().isTorn(at: talk.journal.head))
    try folder.overwrite(at: talk.said[6].position + 56) { $0[0] ^= 1 }
    let (records, end) = try stored().said(from: talk.said[2].position)
    #expect(records == Array(talk.said[2..<6]))
    #expect(end == talk.said[6].position)
    #expect(try stored().isTorn(at: end))
    // Also where nothing of it has reached the disk.
    try folder.overwrite(at: end + 8) { $0.storeBytes(of: 0, as: UInt64.self) }
    #expect(try stored().isTorn(at: end))
    // A note that lies before a hole is no older than what is there.
    #expect(try stored().said(after: talk.journal.identity, end) == [])
  }

  @Test("what lies there is nothing, or no journal")
  func noJournal() throws {
    #expect(try StoredJournal(in: folder.path) == nil)
    func kind() -> HistoryError.Kind? {
      do throws(HistoryError) { _ = try StoredJournal(in: folder.path) } catch {
        return error.kind
      }
      return nil
    }
    for size in [0, 1, 65_536, 131_071, 131_072, 196_608] as [UInt64] {
      try RegularFile(toWrite: folder.journal).truncate(to: size)
      #expect(kind() == .damaged, "\(size)")
    }
    try folder.journal.remove()
    try Folder.make(folder.journal, mode: 0o700)
    #expect(kind() == .damaged)
    // It is out of the way then, as often as that is needed.
    let aside = try StoredJournal.setAside(in: folder.path)
    #expect(aside.text.contains("journal.damaged-") && aside.status != nil)
    #expect(try StoredJournal(in: folder.path) == nil)
    _ = try tenLines()
    #expect(try StoredJournal.setAside(in: folder.path) != aside)
  }

  @Test("one that was made longer or shorter by a whole unit is no journal")
  func resized() throws {
    let journal = try Journal(in: folder.path, capacity: 131_072)
    #expect(JournalTalk(journal).say("hello"))
    for size in [131_072, 262_144] as [UInt64] {
      try RegularFile(toWrite: folder.journal).truncate(to: size)
      #expect {
        try stored()
      } throws: {
        ($0 as? HistoryError)?.kind == .damaged
      }
    }
    try RegularFile(toWrite: folder.journal).truncate(to: 196_608)
    _ = try stored()
  }

  @Test("every flipped bit of the header's fields makes it no journal")
  func flippedHeader() throws {
    let talk = try tenLines()
    let ring = try FileRing(opening: folder.journal)
    for bit in 0..<48 * 8 {
      ring.header[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: HistoryError.self, "\(bit)") { try stored() }
      ring.header[bit / 8] ^= 1 << (bit % 8)
    }
    #expect(try stored().said(from: 0).records == talk.said)
  }

  @Test("a ring of any bytes is read as what is whole of it, whatever positions they name")
  func anyBytes() throws {
    let talk = try manyLaps()
    let ring = try FileRing(opening: folder.journal)
    let oldest = talk.journal.oldest
    for offset in [65_528, 65_520, 65_480, 0, 8] as [UInt64] {
      // At each place a position that fits there, as great as there are.
      for position in stride(from: UInt64.max - 65_535 + offset, through: .max, by: 65_536) {
        ring.mutableBytes(offset + 8..<offset + 16)
          .storeBytes(of: position.littleEndian, as: UInt64.self)
        ring.mutableBytes(offset + 16..<offset + 20).storeBytes(of: 60, as: UInt32.self)
      }
    }
    let note = JournalProgress(identity: talk.journal.identity, position: 0)
    #expect(try stored().start(after: note) >= oldest)
    _ = try stored().isTorn(at: 0)
    for byte in [0xFF, 0xF8, 0x00, 0x01] as [UInt8] {
      ring.mutableBytes(0..<65_536).initializeMemory(as: UInt8.self, repeating: byte)
      #expect(try stored().said(after: talk.journal.identity, 0) == [])
      #expect(try stored().said(after: talk.journal.identity, .max) == [])
      _ = try stored().isTorn(at: 65_528)
    }
  }

  @Test("a record that is overwritten while it is looked at stays what it was")
  func overwrittenMeanwhile() throws {
    let talk = try tenLines()
    let identity = talk.journal.identity
    var seen: [Said] = []
    let stored = try stored()
    _ = stored.eachRecord(from: 0) { record in
      if seen.isEmpty {
        // The server goes on, and comes to this place again.
        talk.journal.free(upTo: talk.journal.head)
        while talk.journal.oldest < talk.said[10 - 1].end {
          #expect(talk.say(String(repeating: "new\n", count: 50), in: "*room"))
          talk.journal.free(upTo: talk.journal.head)
        }
      }
      seen.append(Said(record))
      return true
    }
    #expect(seen == [talk.said[0]])
    #expect(try self.stored().said(after: identity, talk.journal.head) == [])
  }
}
