import ChatHistory
import ChatSystem
import Foundation
import Synchronization
import TestKit
import Testing

@Suite("History: many threads")
struct ConcurrencyTests {
  @Test("everyone reads and searches while one writes, starts anew, and another fills the index")
  func threads() throws {
    let history = try TestHistory()
    let reader = try HistoryReader(folder: FilePath(history.folder))
    let index = try SearchIndex(folder: FilePath(history.folder))
    let isOver = Atomic<Bool>(false)
    let failures = Atomic<Int>(0)
    let answers = Atomic<Int>(0)
    let lobby = history.lobby
    let folder = history.folder
    let group = DispatchGroup()
    /// Does something again and again until the writer is through.
    func loop(_ body: @escaping @Sendable () throws -> Void) {
      DispatchQueue.global().async(group: group) {
        repeat {
          do { try body() } catch {
            failures.wrappingAdd(1, ordering: .relaxed)
            print("failed: \(error)")
          }
        } while !isOver.load(ordering: .relaxed)
      }
    }
    for _ in 0..<2 {
      loop {
        let lines = try reader.lines(
          of: lobby.id, after: 0, before: nil, limit: 50, byteLimit: 10_000)
        #expect(lines.allSatisfy { $0.text.hasPrefix("alice: line ") })
        answers.wrappingAdd(lines.count, ordering: .relaxed)
      }
      loop {
        // One that opens while files are exchanged.
        let own = try HistoryReader(folder: FilePath(folder))
        _ = try own.bytes(of: lobby.id, from: 0, limit: 1_000)
      }
    }
    loop { _ = try index.fill(limit: 20) }
    loop {
      let found = try index.search("line", in: lobby.id, before: nil, limit: 10)
      #expect(zip(found, found.dropFirst()).allSatisfy { $0.sequence > $1.sequence })
    }
    for round in 0..<5 {
      if round > 0 { _ = try history.writer.startAnew() }
      let room = try history.writer.room(
        named: "lobby", isPrivate: false, atLeast: (UInt64(round * 100), 0))
      #expect(room.id == lobby.id)
      for line in 0..<100 { try history.append([["alice: line \(line)"]], to: room) }
    }
    try eventually("somebody has read") { answers.load(ordering: .relaxed) > 0 }
    isOver.store(true, ordering: .relaxed)
    group.wait()
    #expect(failures.load(ordering: .relaxed) == 0)
    while try index.fill(limit: 100) > 0 {}
    #expect(try reader.texts(of: lobby).count == 100)
    #expect(try index.search("line", in: lobby.id, before: nil, limit: 1_000).count == 100)
  }
}
