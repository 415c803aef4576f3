import ChatCore
import ChatHistory
import ChatSystem
import TestKit
import Testing

@Suite("Journal: records become groups")
struct JournalArchiveBatchTests {
  private let folder: JournalFolder
  private let talk: JournalTalk

  init() throws {
    folder = try JournalFolder()
    talk = JournalTalk(try Journal(in: folder.path, capacity: 8 * 65_536))
  }

  /// What has been said, as it is archived.
  private func batch(steadyClock: SteadyClock? = nil) -> ArchiveBatch {
    var batch = ArchiveBatch(steadyClock: steadyClock)
    _ = talk.journal.eachRecord(in: talk.journal.tail..<talk.journal.head) { record in
      batch.add(record)
      return true
    }
    return batch
  }

  /// The same, an item as `room first-last @time`, or `room emptied @time`.
  private func items() -> [String] {
    batch().items.map { item in
      switch item {
      case .lines(let lines):
        let last = lines.firstSequence + UInt64(lines.lineCount) - 1
        return "\(lines.room) \(lines.firstSequence)-\(last) @\(lines.timeMilliseconds)"
      case .emptied(let room, let time): return "\(room) emptied @\(time)"
      }
    }
  }

  @Test("lines of a room become one group, if they were said within 10 ms, and not backwards")
  func times() {
    for time: Int64 in [1_000, 1_000, 1_005, 1_010, 1_011, 1_021, 1_022, 1_020, 1_031] {
      #expect(talk.say("x", at: time))
    }
    #expect(
      items() == [
        "lobby 1-4 @1000", "lobby 5-6 @1011", "lobby 7-7 @1022", "lobby 8-8 @1020",
        "lobby 9-9 @1031",
      ])
  }

  @Test("rooms that talk in turns have a group each")
  func interleaved() {
    for number in 0..<30 { #expect(talk.say("x", in: "room \(number % 3)", at: 5)) }
    #expect(items() == ["room 0 1-10 @5", "room 1 1-10 @5", "room 2 1-10 @5"])
    #expect(batch().byteCount == 60)
  }

  @Test("a room that is emptied ends its group, and no other's; what follows comes after")
  func emptied() {
    #expect(talk.say("a", in: "*one", at: 1))
    #expect(talk.say("a", in: "*two", at: 1))
    #expect(talk.leave("*one", at: 2))
    #expect(talk.say("b", in: "*one", at: 3))
    #expect(talk.say("b", in: "*two", at: 3))
    #expect(talk.leave("*one", at: 4))
    #expect(talk.leave("*one", at: 5))
    #expect(
      items() == [
        "*one 1-1 @1", "*two 1-2 @1", "*one emptied @2", "*one 2-2 @3", "*one emptied @4",
        "*one emptied @5",
      ])
  }

  @Test("when a room was emptied is told by the clock that the server has stayed with")
  func steadyClock() {
    let clock = SteadyClock(at: ClockReading(wallMilliseconds: 1_000_000, sinceBoot: .seconds(50)))
    // The clock was set by an hour meanwhile.
    #expect(talk.leave("*one", at: 4_607_000, sinceBoot: 57_000))
    guard case .emptied("*one", 1_007_000)? = batch(steadyClock: clock).items.first else {
      Issue.record("not emptied at the steady clock's time")
      return
    }
    #expect(items() == ["*one emptied @4607000"])
  }

  @Test("times as far apart as can be are no group, and no reading is too much for the clock")
  func lastTimes() {
    for time: Int64 in [.min, .max, .min, -1, .max] { #expect(talk.say("x", at: time)) }
    #expect(items().count == 5)
    let clock = SteadyClock(at: ClockReading(wallMilliseconds: 1_000_000, sinceBoot: .zero))
    for time: Int64 in [.min, .max] { #expect(talk.leave("*one", at: time, sinceBoot: .max)) }
    #expect(batch(steadyClock: clock).items.count == 7)
  }

  @Test("a group has 32 KiB at most, and is split between lines; a longer line is a group")
  func sizes() {
    let line = String(repeating: "x", count: 1_023)
    for _ in 0..<32 { #expect(talk.say(line)) }
    #expect(items() == ["lobby 1-32 @0"])
    #expect(talk.say(""))
    #expect(items() == ["lobby 1-32 @0", "lobby 33-33 @0"])
    // Of an append that is longer, the first lines still fit.
    #expect(talk.say((0..<40).flatMap { _ in Array("\(line)\n".utf8) }))
    #expect(items() == ["lobby 1-32 @0", "lobby 33-64 @0", "lobby 65-73 @0"])
    #expect(talk.say(String(repeating: "y", count: 40_000)))
    #expect(talk.say("z"))
    #expect(
      items() == [
        "lobby 1-32 @0", "lobby 33-64 @0", "lobby 65-73 @0", "lobby 74-74 @0", "lobby 75-75 @0",
      ])
  }

  @Test("lines that do not follow each other, since some were not kept, are no group")
  func gaps() {
    func say(_ first: UInt64, _ position: UInt64) -> Bool {
      talk.journal.append(
        JournalEntry(Array("x\n".utf8), lineCount: 1, in: JournalRoom("lobby"), at: 0),
        firstSequence: first, roomPosition: position)
    }
    #expect(say(5, 100) && say(6, 102) && say(8, 104) && say(9, 108))
    #expect(items() == ["lobby 5-6 @0", "lobby 8-8 @0", "lobby 9-9 @0"])
  }

  @Test("a file keeps its line's number, in whatever group that comes to lie")
  func files() {
    #expect(talk.say("a", file: "one"))
    #expect(talk.say("b", "c", file: "two"))
    let line = String(repeating: "x", count: 20_000)
    #expect(talk.say(line, file: "three"))
    #expect(talk.say(line, line, file: "four"))
    let groups = batch().groups
    #expect(groups.map { $0.files.map(\.id) } == [["one", "two", "three"], ["four"], []])
    #expect(groups.flatMap { $0.files.map(\.sequence) } == [1, 2, 4, 5])
    #expect(groups.map(\.firstSequence) == [1, 5, 6])
    #expect(groups.flatMap(\.files) == talk.said.compactMap(\.file))
  }

  @Test("whatever is said: each room's lines come out as they went in, in groups as they should be")
  func anything() throws {
    try SeededRandom.run { random throws in
      for _ in 0..<20 {
        var time: Int64 = 0
        let before = talk.said.count
        while talk.said.count < before + 300 {
          let room = "room \(Int.random(in: 0..<4, using: &random))"
          time += Int64.random(in: -1...4, using: &random)
          var isSaid = true
          if Int.random(in: 0..<20, using: &random) == 0 {
            isSaid = talk.leave(room, at: time)
          } else {
            let longest = [5, 50, 500, 9_000].randomElement(using: &random) ?? 5
            let lines = (0..<Int.random(in: 1...6, using: &random)).flatMap { _ in
              [UInt8](repeating: 0x61, count: .random(in: 0...longest, using: &random)) + [0x0A]
            }
            let file = Int.random(in: 0..<9, using: &random) == 0 ? "\(talk.said.count)" : nil
            isSaid = talk.say(lines, in: room, at: time, file: file)
          }
          if !isSaid { break }
        }
        check(batch(), talk.said.filter { $0.position >= talk.journal.tail })
        talk.journal.free(upTo: talk.journal.head)
      }
      let reached = talk.said.count
      #expect(reached > 1_000)
    }
  }

  private func check(_ batch: ArchiveBatch, _ said: [Said]) {
    #expect(batch.byteCount == said.map(\.lines.count).reduce(0, +))
    for room in Set(said.map(\.room)) {
      let own = said.filter { $0.room == room }
      var (events, wanted): ([[UInt8]], [[UInt8]]) = ([[]], [[]])
      for item in batch.items {
        switch item {
        case .lines(let lines) where lines.room == room: events[events.count - 1] += lines.bytes
        case .emptied(room, _): events.append([])
        default: break
        }
      }
      for record in own {
        if record.kind == .emptied {
          wanted.append([])
        } else {
          wanted[wanted.count - 1] += record.lines
        }
      }
      #expect(events == wanted)
      let groups = batch.groups.filter { $0.room == room }
      #expect(groups.flatMap(\.files) == own.compactMap(\.file))
      for group in groups {
        #expect(group.bytes.count <= ArchiveBatch.groupBytes || group.lineCount == 1)
        #expect(group.lineCount == group.bytes.count { $0 == 0x0A } && group.lineCount > 0)
        #expect(group.bytes.last == 0x0A)
        let numbers = group.firstSequence..<group.firstSequence + UInt64(group.lineCount)
        #expect(group.files.allSatisfy { numbers.contains($0.sequence) })
        let parts = own.filter {
          $0.kind == .lines && $0.firstSequence < numbers.upperBound
            && $0.firstSequence + UInt64($0.lineCount) > numbers.lowerBound
        }
        #expect(
          parts.allSatisfy { 0...10 ~= $0.timeMilliseconds - group.timeMilliseconds })
        if let first = own.first(where: { $0.kind == .lines }) {
          // Nothing was left out, so the numbers and positions follow from what was said before.
          let before = groups.prefix { $0.firstSequence < group.firstSequence }
          let count = before.map(\.lineCount).reduce(0, +)
          let bytes = before.map(\.bytes.count).reduce(0, +)
          #expect(group.firstSequence == first.firstSequence + UInt64(count))
          #expect(group.position == first.roomPosition + UInt64(bytes))
        }
      }
    }
  }
}

extension ArchiveBatch {
  /// Its groups, without what else it has.
  fileprivate var groups: [Lines] {
    items.compactMap { if case .lines(let lines) = $0 { lines } else { nil } }
  }
}
