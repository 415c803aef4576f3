import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

/// What a million lines cost. The figures are printed; what is checked is that the work was done.
@Suite("History: measurements")
struct MeasurementTests {
  private static let lineCount = Environment.isSanitized ? 20_000 : 1_000_000

  private func measure(_ what: String, count: Int = 1, _ body: () throws -> Void) throws {
    let start = MonotonicTime.now
    for _ in 0..<count { try body() }
    let (seconds, attoseconds) = (MonotonicTime.now - start).components
    let total = Double(seconds) + Double(attoseconds) / 1e18
    print("MEASURED \(what): \((total / Double(count) * 1e9).rounded() / 1e3) µs")
  }

  /// Measures something that is done step by step, and its longest step.
  private func measureSteps(_ what: String, _ step: () throws -> Bool) throws {
    var longest: Int64 = 0
    var count = 0
    var longestCount = 0
    try measure(what) {
      var isDone = false
      while !isDone {
        let start = MonotonicTime.now
        isDone = try step()
        count += 1
        let time = MonotonicTime.now.nanoseconds - start.nanoseconds
        if time > longest { (longest, longestCount) = (time, count) }
      }
    }
    print("MEASURED its longest step: \(longest / 1_000) µs, number \(longestCount) of \(count)")
  }

  @Test("a million lines: committing, reading and searching them")
  func million() throws {
    let history = try TestHistory()
    let groupLines = 100
    let groups = Self.lineCount / groupLines
    var sequence = 0
    var longest: Int64 = 0
    try measure("commit \(Self.lineCount) lines in groups of \(groupLines), each a commit") {
      for _ in 0..<groups {
        let lines = (0..<groupLines).map { _ in
          sequence += 1
          return
            "nick\(sequence % 50): common text w\(sequence % 1_000) n\(sequence) and some more to say"
        }
        let start = MonotonicTime.now
        try history.append([lines])
        longest = max(longest, MonotonicTime.now.nanoseconds - start.nanoseconds)
      }
    }
    print("MEASURED the longest of these commits: \(longest / 1_000) µs")
    let size = try FileManager.default.attributesOfItem(atPath: history.file)[.size] as? Int ?? 0
    print("MEASURED history.db: \(size >> 20) MiB")

    let room = history.lobby.id
    let reader = try HistoryReader(folder: history.folder)
    let end = UInt64(Self.lineCount)
    try measure("last 1,000 lines", count: 100) {
      let before = try reader.sequence(beforeLast: 1_000, of: room, before: nil)
      let lines = try reader.lines(
        of: room, after: before, before: nil, limit: 1_000, byteLimit: .max)
      #expect(lines.count == 1_000)
    }
    try measure("64 KiB of the stream", count: 1_000) {
      let position = UInt64.random(in: 0..<end * 40)
      let bytes = try reader.bytes(of: room, from: position, limit: 65_536)
      #expect(bytes?.isEmpty == false)
    }

    let index = try SearchIndex(folder: history.folder)
    try measure("a rare word by scanning, nothing is indexed") {
      let count = try index.search("n7", in: room, before: nil, limit: 50).count
      #expect(count == 1)
    }
    try measureSteps("index \(Self.lineCount) lines, 5,000 a time") {
      try index.fill(limit: 5_000) == 0
    }
    let indexSize =
      try FileManager.default.attributesOfItem(atPath: "\(history.folder)/search.db")[.size] as? Int
      ?? 0
    print("MEASURED search.db: \(indexSize >> 20) MiB")
    for (what, words, limit, expected) in [
      ("a common word, 50", "common", 50, 50), ("a common word, 500", "common", 500, 500),
      ("a word of one line in a thousand", "w77", 50, min(50, Self.lineCount / 1_000)),
      ("a rare word", "n7", 50, 1), ("no line", "zebra", 50, 0),
      ("two words", "nick7 w57", 50, min(50, Self.lineCount / 1_000)),
      ("common and rare", "common n\(Self.lineCount / 2)", 50, 1),
      ("two that never meet", "nick7 w8", 50, 0),
      ("eight common words", "common text and some more to say common", 50, 50),
    ] {
      try measure("search: \(what)", count: 20) {
        let count = try index.search(words, in: room, before: nil, limit: limit).count
        #expect(count == expected, "\(what)")
      }
    }
    try measure("search: a common word in the middle, 50", count: 20) {
      let count = try index.search("common", in: room, before: end / 2, limit: 50).count
      #expect(count == 50)
    }

    // A small private room among so many lines, and this room's whole end.
    let secret = try history.writer.room(named: "aaaaaa", isPrivate: true)
    try history.append((0..<100).map { ["bob: secret \($0) common"] }, to: secret)
    while try index.fill(limit: 5_000) > 0 {}
    try measure("search: a common word in a small room", count: 20) {
      let count = try index.search("common", in: secret.id, before: nil, limit: 50).count
      #expect(count == 50)
    }
    try measure("forget a private room of 100 lines") {
      while try !index.forget(secret.id, limit: 100) {}
    }
    try measureSteps("forget the public room of \(Self.lineCount) lines") {
      try index.forget(room, limit: 50)
    }
    try measureSteps("delete it") { try history.writer.delete(room, limit: 50) }
  }

  @Test(
    "commits of one line, with the log written back by them or behind them",
    arguments: [false, true])
  func small(isBehind: Bool) throws {
    let folder = try TestHistory.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let writer = try HistoryWriter(
      folder: folder, isDurable: false, checkpointPages: isBehind ? 16_000 : 1_000)
    let room = try writer.room(named: "lobby", isPrivate: false)
    let reader = try HistoryReader(folder: folder)
    let queue = DispatchQueue(label: "checkpoint")
    let line = Array("alice: a line of sixty-four bytes, as people usually write them..\n".utf8)
    var times: [Int64] = []
    for number in 0..<Self.lineCount / 10 {
      let start = MonotonicTime.now
      try line.withUnsafeBytes {
        try writer.append([
          HistoryWriter.Group(
            room: room.id, firstSequence: UInt64(number + 1), lineCount: 1,
            position: UInt64(number * line.count), timeMilliseconds: 0, bytes: $0)
        ])
      }
      times.append(MonotonicTime.now.nanoseconds - start.nanoseconds)
      if isBehind, number % 250 == 249 { queue.async { try? reader.checkpoint() } }
    }
    queue.sync {}
    times.sort()
    print(
      "MEASURED commit of one line, log written back \(isBehind ? "behind" : "by commits"): mean"
        + " \(times.reduce(0, +) / Int64(times.count)) ns, median \(times[times.count / 2]) ns, 99 %"
        + " \(times[times.count * 99 / 100]) ns, 99.9 % \(times[times.count * 999 / 1_000]) ns,"
        + " longest \(times[times.count - 1]) ns")
    let log = try FileManager.default.attributesOfItem(atPath: "\(folder)/history.db-wal")
    print("MEASURED its log: \((log[.size] as? Int ?? 0) >> 10) KiB")
    #expect(try reader.room(named: "lobby")?.lastSequence == UInt64(Self.lineCount / 10))
  }

  @Test("opening a large history reads it through")
  func opening() throws {
    let history = try TestHistory()
    try history.append(
      (0..<Self.lineCount / 100).map { group in
        (0..<100).map { "nick: line \(group) \($0), of an ordinary length, to make the file large" }
      })
    history.close()
    try measure("open it, checked") { try history.reopen() }
    #expect(history.lobby.lastSequence == UInt64(Self.lineCount))
  }
}
