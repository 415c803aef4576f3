import ChatServer
import ChatSystem
import Synchronization
import TestKit
import Testing

@Suite("RoomLog")
struct RoomLogTests {
  @Test("lines keep their order and their numbers, round and round the ring")
  func order() throws {
    let log = try RoomLog(capacity: 131_072)
    let line = Array("0123456789\n".utf8)
    var expected: UInt64 = 0
    for round in 0..<200 {
      let start = log.head
      for _ in 0..<100 {
        expected += 1
        let isIn = log.append(line, lines: 1, whenFull: { Issue.record("never full") }) { mark in
          #expect(mark.sequence == expected && mark.end == mark.start + 11)
        }
        #expect(isIn)
      }
      let bytes = Array(log[start..<log.head])
      #expect(bytes == Array(repeating: line, count: 100).flatMap { $0 }, "round \(round)")
      let settled = log.advanceTail(lowest: log.head)
      #expect(settled.newcomers.isEmpty && settled.tail == log.head)
    }
  }

  @Test("an appender waits for the slowest reader, and loses nothing")
  func backPressure() throws {
    let log = try RoomLog(capacity: 131_072)
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
    let fullCount = Atomic<Int>(0)
    #expect(log.append(chunk, lines: 1, whenFull: {}))
    #expect(log.append(chunk, lines: 1, whenFull: {}))
    #expect(!log.isNearHead(65_535))
    #expect(log.isNearHead(65_536))
    let done = Atomic<Bool>(false)
    try SystemThread.start(named: "appender") {
      _ = log.append(chunk, lines: 1, whenFull: { fullCount.wrappingAdd(1, ordering: .relaxed) })
      done.store(true, ordering: .releasing)
    }
    try eventually("the appender waits") { fullCount.load(ordering: .relaxed) > 0 }
    #expect(log.head == 131_072)
    _ = log.advanceTail(lowest: 65_535)
    try eventually("it looks again and waits on") { fullCount.load(ordering: .relaxed) > 1 }
    #expect(log.head == 131_072)
    _ = log.advanceTail(lowest: 65_536)
    try eventually("the appender is through") { done.load(ordering: .acquiring) }
    #expect(log.head == 196_608)
  }

  @Test("closing it turns appenders away, waiting ones too")
  func close() throws {
    let log = try RoomLog(capacity: 131_072)
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
    for _ in 0..<2 { #expect(log.append(chunk, lines: 1, whenFull: {})) }
    let waits = Atomic<Bool>(false)
    let result = Atomic<Int>(-1)
    try SystemThread.start(named: "appender") {
      let isIn = log.append(chunk, lines: 1, whenFull: { waits.store(true, ordering: .relaxed) })
      result.store(isIn ? 1 : 0, ordering: .releasing)
    }
    try eventually("the appender waits") { waits.load(ordering: .relaxed) }
    log.close()
    try eventually("it is told") { result.load(ordering: .acquiring) == 0 }
    #expect(!log.append(chunk, lines: 1, whenFull: {}))
    #expect(log.head == 131_072)
  }

  @Test(
    "where lines have to be on the disk first, they are published then, and not overwritten before")
  func durable() throws {
    let log = try RoomLog(capacity: 131_072, position: 1_000, sequence: 7, isDurable: true)
    #expect(log.head == 1_000 && log.published == 1_000)
    let isIn = log.append(Array("hello\n".utf8), lines: 1, whenFull: {}) { mark in
      #expect(mark.sequence == 8 && mark.start == 1_000 && mark.end == 1_006)
    }
    #expect(isIn)
    #expect(log.head == 1_006 && log.published == 1_000)
    #expect(log.advanceTail(lowest: .max).tail == 1_000)
    log.publish(upTo: 1_006)
    #expect(log.published == 1_006)
    #expect(log.advanceTail(lowest: .max).tail == 1_006)
    // A reader that was left behind does not take back what may be overwritten already.
    #expect(log.advanceTail(lowest: 1_003).tail == 1_006)
  }
}
