import ChatHistory
import ChatSystem
import Testing

@Suite("History: what was committed is there")
struct RoundTripTests {
  /// Groups of three, one, two and two lines, 1 to 8, with five lines missing after 4: so 1–4, 10–13.
  private func gappy() throws -> (TestHistory, HistoryReader) {
    let history = try TestHistory()
    try history.append([["a", "bb", "ccc"], ["dddd"]], at: 1_000)
    history.skip(lines: 5, bytes: 50)
    try history.append([["e", "f"], ["g", "h"]], at: 2_000)
    return (history, try HistoryReader(folder: FilePath(history.folder)))
  }

  @Test("lines come back with their numbers and times")
  func lines() throws {
    let (history, reader) = try gappy()
    let lines = try reader.lines(
      of: history.lobby.id, after: 0, before: nil, limit: 100, byteLimit: 1_000)
    #expect(lines.map(\.text) == ["a", "bb", "ccc", "dddd", "e", "f", "g", "h"])
    #expect(lines.map(\.sequence) == [1, 2, 3, 4, 10, 11, 12, 13])
    #expect(
      lines.map(\.timeMilliseconds) == [1_000, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000, 2_000])
  }

  @Test("every part of it can be read: after, before, limit")
  func parts() throws {
    let (history, reader) = try gappy()
    let numbers: [UInt64] = [1, 2, 3, 4, 10, 11, 12, 13]
    for after in UInt64(0)...14 {
      for end in Array(UInt64(0)...15) + [.max] {
        for limit in 0...9 {
          let lines = try reader.lines(
            of: history.lobby.id, after: after, before: end, limit: limit, byteLimit: 1_000)
          let expected = numbers.filter { $0 > after && $0 < end }.prefix(limit)
          #expect(lines.map(\.sequence) == Array(expected), "\(after) \(end) \(limit)")
        }
      }
    }
  }

  @Test("a limit of bytes is kept, but one line is given")
  func byteLimit() throws {
    let (history, reader) = try gappy()
    func count(_ byteLimit: Int, after: UInt64 = 0) throws -> Int {
      try reader.lines(
        of: history.lobby.id, after: after, before: nil, limit: 100, byteLimit: byteLimit
      ).count
    }
    #expect(try count(0) == 1)
    #expect(try count(1) == 1)
    #expect(try count(2) == 1)
    #expect(try count(3) == 2)
    #expect(try count(6) == 3)
    #expect(try count(10) == 4)
    #expect(try count(11) == 5)
    #expect(try count(1, after: 3) == 1)
    #expect(try count(1, after: 13) == 0)
  }

  @Test("whoever reads on after the number before the last n lines gets them")
  func lastLines() throws {
    let (history, reader) = try gappy()
    let numbers: [UInt64] = [1, 2, 3, 4, 10, 11, 12, 13]
    for end in Array(UInt64(0)...15).map(Optional.some) + [nil] {
      for count in 0...9 {
        let before = try reader.sequence(beforeLast: count, of: history.lobby.id, before: end)
        let lines = try reader.lines(
          of: history.lobby.id, after: before, before: end, limit: 100, byteLimit: 1_000)
        let expected = numbers.filter { $0 < end ?? .max }.suffix(count)
        #expect(lines.map(\.sequence) == Array(expected), "\(count) before \(end ?? .max)")
      }
    }
  }

  @Test("the stream's bytes are there from every position on, and nil where they were not kept")
  func bytes() throws {
    let (history, reader) = try gappy()
    let first = Array("a\nbb\nccc\ndddd\n".utf8)
    let second = Array("e\nf\ng\nh\n".utf8)
    let start = first.count + 50
    for limit in 1...20 {
      for position in 0...(start + second.count + 2) {
        let bytes = try reader.bytes(
          of: history.lobby.id, from: UInt64(position), limit: limit)
        let expected: [UInt8]? =
          switch position {
          case ..<first.count: Array(first[position...].prefix(limit))
          case start...(start + second.count): Array(second[(position - start)...].prefix(limit))
          default: nil
          }
        #expect(bytes == expected, "\(limit) from \(position)")
      }
    }
  }

  @Test("a room that has no lines ends where it begins")
  func emptyRoom() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    #expect(try reader.bytes(of: history.lobby.id, from: 0, limit: 10) == [])
    #expect(try reader.bytes(of: history.lobby.id, from: 1, limit: 10) == nil)
    #expect(try reader.bytes(of: 99, from: 0, limit: 10) == nil)
    #expect(try reader.texts(of: history.lobby) == [])
    #expect(try reader.sequence(beforeLast: 10, of: history.lobby.id, before: nil) == 0)
    #expect(try reader.room(named: "nowhere") == nil)
    #expect(try history.writer.existingRoom(named: "nowhere") == nil)
  }

  @Test("opened again, a room goes on where it stood")
  func reopening() throws {
    let (history, reader) = try gappy()
    try history.reopen()
    #expect(history.lobby.lastSequence == 13)
    #expect(history.lobby.endPosition == 72)
    try history.append([["i"]])
    #expect(try reader.texts(of: history.lobby, after: 12) == ["h", "i"])
    #expect(try reader.room(named: "lobby")?.lastSequence == 14)
  }

  @Test("numbers that were used up without being kept are not given again")
  func floor() throws {
    let history = try TestHistory()
    try history.append([["a"]])
    let room = try history.writer.room(
      named: "lobby", isPrivate: false, atLeast: (sequence: 10, position: 100))
    #expect(room.id == history.lobby.id && room.lastSequence == 10 && room.endPosition == 100)
    try history.reopen()
    #expect(history.lobby == room)
    let lower = try history.writer.room(
      named: "lobby", isPrivate: false, atLeast: (sequence: 5, position: 50))
    #expect(lower == room)
    let new = try history.writer.room(
      named: "#new", isPrivate: false, atLeast: (sequence: 7, position: 70))
    #expect(new.lastSequence == 7 && new.endPosition == 70)
    let reader = try HistoryReader(folder: FilePath(history.folder))
    #expect(try reader.bytes(of: room.id, from: 100, limit: 10) == [])
    #expect(try reader.bytes(of: room.id, from: 2, limit: 10) == nil)
  }

  @Test("lines that are there already are left out, also of a group that holds more")
  func overlap() throws {
    let history = try TestHistory()
    try history.append([["a"], ["b"]])
    try history.reopen()
    func lines(_ first: UInt64, _ text: String) -> ArchiveBatch.Lines {
      ArchiveBatch.Lines(
        room: "lobby", firstSequence: first, lineCount: text.count / 2, position: 2 * (first - 1),
        timeMilliseconds: 0, bytes: Array(text.utf8))
    }
    let progress = JournalProgress(identity: 7, position: 70)
    try history.writer.archive(
      ArchiveBatch([lines(1, "a\nb\n"), lines(2, "b\nc\nd\n"), lines(4, "d\n"), lines(5, "e\n")]),
      progress)
    let reader = try HistoryReader(folder: FilePath(history.folder))
    #expect(try reader.texts(of: history.lobby) == ["a", "b", "c", "d", "e"])
    #expect(try reader.bytes(of: history.lobby.id, from: 4, limit: 9) == Array("c\nd\ne\n".utf8))
    #expect(try reader.progress() == progress)
  }

  @Test("what a writer has committed, a reader of another process could see at once")
  func visibility() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    for round in 1...50 {
      try history.append([["line \(round)"]])
      #expect(try reader.room(named: "lobby")?.lastSequence == UInt64(round))
    }
  }
}
