import ChatCore
import ChatHistory
import ChatSystem
import TestKit
import Testing

@Suite("Journal: its records")
struct JournalRecordTests {
  private let folder: JournalFolder
  private let journal: Journal

  init() throws {
    folder = try JournalFolder()
    journal = try Journal(in: folder.path, capacity: 262_144)
  }

  private func stored() throws -> StoredJournal {
    try #require(try StoredJournal(in: folder.path))
  }

  @Test("a record says what was put into it, in this process and to whoever opens the file")
  func roundTrip() throws {
    let talk = JournalTalk(journal)
    let name = String(repeating: "é", count: 127) + "x"
    #expect(talk.say("alice: hi", at: 1_769_860_800_123))
    #expect(talk.say("", "", "three lines, two of them empty", in: "*private", at: -1))
    #expect(talk.say("bob: 🎉", in: name, at: .max))
    #expect(talk.say("here", "is", "more", at: .min, file: "5f"))
    #expect(talk.say([], in: "nothing said"))
    #expect(talk.leave("*private", at: 77, sinceBoot: .max))
    let (records, end) = journal.said(0..<journal.head)
    #expect(records == talk.said)
    #expect(end == journal.head)
    #expect(records.allSatisfy { $0.position % 8 == 0 })
    let (read, readEnd) = try stored().said(from: 0)
    #expect(read == talk.said)
    #expect(readEnd == journal.head)
    #expect(!(try stored().isTorn(at: readEnd)))
  }

  @Test("lines of 64 KiB and a name and file of the greatest lengths go into one record")
  func greatest() throws {
    let talk = JournalTalk(journal)
    let lines = [UInt8](repeating: 0x61, count: 65_535) + [0x0A]
    let id = String(repeating: "i", count: 20_000)
    #expect(talk.say(lines, in: String(repeating: "r", count: 255), file: id))
    #expect(talk.say("next"))
    #expect(try stored().said(from: 0).records == talk.said)
  }

  @Test("any line counts, lengths and bytes come back")
  func anyBytes() throws {
    try SeededRandom.run { random throws in
      let talk = JournalTalk(journal)
      while true {
        let lines = (0..<Int.random(in: 1...40, using: &random)).flatMap { _ in
          (0..<Int.random(in: 0...60, using: &random)).map { _ in
            UInt8.random(in: 0x0B...0xFF, using: &random)
          } + [0x0A]
        }
        let file = Int.random(in: 0..<4, using: &random) == 0 ? "file \(talk.said.count)" : nil
        let room = ["lobby", "*x", "æ"].randomElement(using: &random) ?? ""
        guard talk.say(lines, in: room, at: .random(in: 0...1_000, using: &random), file: file)
        else { break }
      }
      #expect(talk.said.count > 100)
      let read = try stored().said(from: 0).records
      #expect(read == talk.said)
    }
  }

  @Test("every single flipped bit of a record is noticed, and what was before it is still read")
  func flippedBits() throws {
    let talk = JournalTalk(journal)
    #expect(talk.say("before"))
    #expect(talk.say("alice: hi", "é", in: "*room", at: 12_345_678, file: "5f"))
    #expect(talk.say("after"))
    let damaged = talk.said[1]
    let ring = try FileRing(opening: folder.journal)
    let bytes = ring.mutableBytes(damaged.position..<damaged.position + UInt64(damaged.byteCount))
    #expect(damaged.byteCount > 56)
    var unnoticed: [Int] = []
    for bit in 0..<8 * bytes.count {
      bytes[bit / 8] ^= 1 << (bit % 8)
      let (records, end) = journal.said(0..<journal.head)
      if records != [talk.said[0]] || end != damaged.position { unnoticed.append(bit) }
      if try stored().said(from: 0).records != records { unnoticed.append(bit) }
      bytes[bit / 8] ^= 1 << (bit % 8)
    }
    #expect(unnoticed == [])
    #expect(journal.said(0..<journal.head).records == talk.said)
  }

  @Test("a record of another journal at the same position is none")
  func otherIdentity() throws {
    let talk = JournalTalk(journal)
    #expect(talk.say("alice: hi"))
    let old = try folder.bytes()[65_536..<66_000]
    let other = try Journal(in: folder.path, capacity: 262_144)
    #expect(other.identity != journal.identity)
    let ring = try FileRing(opening: folder.journal)
    old.withUnsafeBytes { ring.write($0, at: 0) }
    #expect(try stored().said(from: 0).records == [])
    #expect(try stored().isTorn(at: 0))
  }

  @Test(
    "a record whose numbers no room comes to, or that has not as many lines as it says, is none",
    arguments: [
      ("a\n", 1, .max, 0), ("a\n", 1, 1 << 62, 0), ("a\n", 1, 1, .max), ("a\n", 0, 1, 0),
      ("a\nb\n", 1, 1, 0), ("a\n", 2, 1, 0), ("a\nb", 1, 1, 0), ("a", 1, 1, 0), ("a", 0, 1, 0),
    ] as [(String, Int, UInt64, UInt64)])
  func impossible(lines: String, count: Int, sequence: UInt64, position: UInt64) throws {
    let talk = JournalTalk(journal)
    #expect(talk.say("before"))
    let entry = JournalEntry(
      Array(lines.utf8), lineCount: count, in: JournalRoom("lobby"), at: 0)
    #expect(journal.append(entry, firstSequence: sequence, roomPosition: position))
    #expect(talk.say("after"))
    #expect(journal.said(0..<journal.head).records == [talk.said[0]])
    let (records, end) = try stored().said(from: 0)
    #expect(records == [talk.said[0]])
    #expect(try stored().isTorn(at: end))
  }

  @Test("an erased record stays one: what is before and after it is read, and of it no byte")
  func erased() throws {
    let talk = JournalTalk(journal)
    #expect(talk.say("before"))
    #expect(talk.say("the secret", "of many", in: "*room", file: "the file"))
    #expect(talk.say("after"))
    journal.free(upTo: journal.head)
    journal.erase(JournalRoom("*room"))
    let records = try stored().said(from: 0).records
    #expect(records.map(\.kind) == [.lines, .erased, .lines])
    #expect(records.map(\.end) == talk.said.map(\.end))
    #expect([records[0], records[2]] == [talk.said[0], talk.said[2]])
    #expect(records[1].room == "" && records[1].file == nil)
    #expect(records[1].lines.allSatisfy { $0 == 0 })
    for text in ["the secret", "of many", "*room", "the file"] {
      #expect(try !folder.holds(text), "\(text)")
    }
    #expect(try folder.holds("before"))
  }
}
