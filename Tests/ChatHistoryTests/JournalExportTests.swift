import ChatHistory
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Journal: export")
struct JournalExportTests {
  private let folder: JournalFolder
  private let writer: HistoryWriter

  init() throws {
    folder = try JournalFolder()
    writer = try HistoryWriter(folder: folder.path)
  }

  private func export(_ room: String, _ format: HistoryExport.Format = .text) throws -> String {
    var output: [UInt8] = []
    try HistoryExport.run(folder: folder.path, room: room, format: format) { output += $0 }
    return String(decoding: output, as: UTF8.self)
  }

  private func archive(_ journal: Journal, from start: UInt64) throws -> UInt64 {
    var batch = ArchiveBatch()
    let end = journal.eachRecord(in: start..<journal.head) { record in
      batch.add(record)
      return true
    }
    try writer.archive(batch, JournalProgress(identity: journal.identity, position: end))
    return end
  }

  @Test("what only the journal has yet is printed after what the database has")
  func both() throws {
    let talk = JournalTalk(try Journal(in: folder.path, capacity: 65_536))
    #expect(talk.say("a", "b"))
    _ = try archive(talk.journal, from: 0)
    #expect(talk.say("c", "", "e"))
    #expect(talk.say("elsewhere", in: "*other"))
    #expect(talk.say("f"))
    #expect(try export("lobby") == "a\nb\nc\n\ne\nf\n")
    #expect(throws: HistoryExport.Failure.self) { try export("*othe") }
  }

  @Test("a room that the database does not have yet is printed from the journal")
  func newRoom() throws {
    let talk = JournalTalk(try Journal(in: folder.path, capacity: 65_536))
    #expect(talk.say("a", in: "*one"))
    #expect(try export("*one") == "a\n")
    #expect(throws: HistoryExport.Failure.self) { try export("*two") }
    // Also if it was left, and if a line's record was erased.
    #expect(talk.leave("*one"))
    #expect(talk.say("b", in: "*two"))
    #expect(try export("*two") == "b\n")
    #expect(try export("*one") == "a\n")
  }

  @Test("json tells of the journal's lines what it tells of the database's")
  func json() throws {
    let talk = JournalTalk(try Journal(in: folder.path, capacity: 65_536))
    #expect(talk.say("a", "b \"", at: 1_000, file: "5f"))
    #expect(talk.say("c", "d", at: 2_000, file: "60"))
    let lines = """
      {"seq":1,"time":"1970-01-01T00:00:01.000Z","line":"a","file":"5f"}
      {"seq":2,"time":"1970-01-01T00:00:01.000Z","line":"b \\""}
      {"seq":3,"time":"1970-01-01T00:00:02.000Z","line":"c","file":"60"}
      {"seq":4,"time":"1970-01-01T00:00:02.000Z","line":"d"}

      """
    #expect(try export("lobby", .json) == lines)
    _ = try archive(talk.journal, from: 0)
    #expect(try export("lobby", .json) == lines)
  }

  @Test("a journal that was left behind, that is damaged, or of another start")
  func leftBehind() throws {
    do {
      let talk = JournalTalk(try Journal(in: folder.path, capacity: 65_536))
      #expect(talk.say("a"))
      _ = try archive(talk.journal, from: 0)
      #expect(talk.say("b"))
      #expect(talk.say("torn"))
      try folder.overwrite(at: talk.said[2].position) { $0[0] ^= 1 }
    }
    #expect(try export("lobby") == "a\nb\n")
    let ring = try FileRing(opening: folder.journal)
    ring.header[0] = 0
    #expect(throws: HistoryExport.Failure.self) { try export("lobby") }
    try folder.journal.remove()
    #expect(try export("lobby") == "a\n")
  }

  @Test("what is archived and overwritten while it prints is neither left out nor printed twice")
  func meanwhile() throws {
    let talk = JournalTalk(try Journal(in: folder.path, capacity: 65_536))
    let line = String(repeating: "x", count: 999)
    for number in 1...600 {
      if !talk.say("\(number) \(line)") {
        _ = try archive(talk.journal, from: talk.journal.tail)
        talk.journal.free(upTo: talk.journal.head)
        #expect(talk.say("\(number) \(line)"))
      }
    }
    var output: [UInt8] = []
    var rounds = 0
    do {
      try HistoryExport.run(folder: folder.path, room: "lobby", format: .text) { bytes in
        output += bytes
        rounds += 1
        // The server goes on between two chunks.
        do {
          let end = try archive(talk.journal, from: talk.journal.tail)
          talk.journal.free(upTo: end)
        } catch { Issue.record(error) }
        for _ in 0..<50 { _ = talk.say("later", in: "lobby") }
      }
    }
    let numbers = String(decoding: output, as: UTF8.self).split(separator: "\n").map {
      Int($0.prefix { $0 != " " })
    }
    #expect(rounds > 2)
    #expect(numbers == Array(1...600))
  }

  @Test("a server that talks, archives and overwrites loses none to an export beside it")
  func beside() throws {
    final class Shared: Sendable {
      let state = Guarded((said: 0, wanted: 0, isStopped: false, isEnded: false, error: ""))
    }
    let shared = Shared()
    let (folder, writer) = (folder.path, writer)
    let journal = try Journal(in: folder, capacity: 65_536)
    try SystemThread.start(named: "server") {
      let room = JournalRoom("lobby")
      var (number, position, archived) = (0, UInt64(0), UInt64(0))
      var error = ""
      do {
        while true {
          let isStopped = shared.state.wait {
            $0.isStopped || $0.said < $0.wanted ? $0.isStopped : nil
          }
          if isStopped { break }
          let line = Array("\(number + 1) \(String(repeating: "x", count: number % 150))\n".utf8)
          let entry = JournalEntry(line, lineCount: 1, in: room, at: 0)
          if journal.append(
            entry, firstSequence: UInt64(number + 1), roomPosition: position)
          {
            number += 1
            position += UInt64(line.count)
            let said = number
            shared.state.withLock { $0.said = said }
            shared.state.wake()
          } else {
            var batch = ArchiveBatch()
            archived = journal.eachRecord(in: archived..<journal.head) { record in
              batch.add(record)
              return true
            }
            try writer.archive(
              batch, JournalProgress(identity: journal.identity, position: archived))
            journal.free(upTo: archived)
          }
        }
      } catch let thrown { error = "\(thrown)" }
      let text = error
      shared.state.withLock { ($0.isEnded, $0.error) = (true, text) }
      shared.state.wake()
    }
    for round in 1...40 {
      // While one prints, the ring is written more than once.
      shared.state.withLock { $0.wanted = 700 * (round + 1) }
      shared.state.wake()
      let said = shared.state.wait { $0.said >= 700 * round || $0.isEnded ? $0.said : nil }
      let numbers = try export("lobby").split(separator: "\n").map { Int($0.prefix { $0 != " " }) }
      #expect(numbers.count >= said)
      #expect(numbers == Array(1...max(1, numbers.count)))
    }
    shared.state.withLock { $0.isStopped = true }
    shared.state.wake()
    #expect(shared.state.wait { $0.isEnded ? $0.error : nil } == "")
  }
}
