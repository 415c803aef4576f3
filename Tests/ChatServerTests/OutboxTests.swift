import ChatServer
import ChatSystem
import TestKit
import Testing

@Suite("Outbox")
struct OutboxTests {
  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// The outbox of somebody in a room.
  private static func inRoom() -> Outbox {
    var outbox = Outbox()
    outbox.begin([], at: 0)
    return outbox
  }

  /// Posts lines, which have to be taken.
  private static func post(_ bytes: [UInt8], to outbox: inout Outbox, at position: UInt64) {
    let result = outbox.enqueue(bytes, at: position)
    #expect(result == .queued)
  }

  /// Inserts lines, which have to be taken.
  private static func insert(_ bytes: [UInt8], into outbox: inout Outbox) {
    let result = outbox.splice(bytes)
    #expect(result == .queued)
  }

  @Test("without anything of its own, a client gets the log up to the head")
  func onlyLog() {
    let outbox = Self.inRoom()
    #expect(outbox.next(cursor: 0, head: 0) == .nothing)
    #expect(outbox.next(cursor: 3, head: 10) == .log(upTo: 10))
  }

  @Test("a private line comes where it arose: after the log before it, before the log after it")
  func merged() {
    var outbox = Self.inRoom()
    Self.post(Self.bytes("a\n"), to: &outbox, at: 5)
    Self.post(Self.bytes("b\n"), to: &outbox, at: 5)
    Self.post(Self.bytes("c\n"), to: &outbox, at: 8)
    #expect(outbox.next(cursor: 0, head: 10) == .log(upTo: 5))
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("a\nb\n"), from: 0))
    outbox.sent(3)
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("a\nb\n"), from: 3))
    outbox.sent(1)
    #expect(outbox.next(cursor: 5, head: 10) == .log(upTo: 8))
    #expect(outbox.next(cursor: 8, head: 10) == .own(Self.bytes("c\n"), from: 0))
    outbox.sent(2)
    #expect(outbox.next(cursor: 8, head: 10) == .log(upTo: 10))
    #expect(outbox.queuedBytes == 0)
  }

  @Test("what arose after the head that was looked at waits for the next look")
  func olderHead() {
    var outbox = Self.inRoom()
    Self.post(Self.bytes("a\n"), to: &outbox, at: 10)
    #expect(outbox.next(cursor: 3, head: 5) == .log(upTo: 5))
    #expect(outbox.next(cursor: 5, head: 5) == .nothing)
    var leaving = Self.inRoom()
    leaving.finish([], at: 10)
    #expect(leaving.next(cursor: 5, head: 5) == .nothing)
  }

  @Test("who leaves gets the log up to there, the last lines, and nothing after")
  func finish() {
    var outbox = Self.inRoom()
    outbox.finish(Self.bytes("Bye!\n"), at: 5)
    let late = outbox.enqueue(Self.bytes("late\n"), at: 6)
    #expect(late == .absent)
    #expect(outbox.next(cursor: 0, head: 10) == .log(upTo: 5))
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("Bye!\n"), from: 0))
    outbox.sent(5)
    #expect(outbox.next(cursor: 5, head: 10) == .end)
  }

  @Test("who is cut gets the rest of the line it was in, what it was told, the reason, and the end")
  func cut() {
    var log = Self.inRoom()
    Self.post(Self.bytes("private\n"), to: &log, at: 100)
    log.cut(Self.bytes("why\n"), rest: Self.bytes("of a line\n"))
    let last = Self.bytes("of a line\nprivate\nwhy\n")
    #expect(log.next(cursor: 7, head: 1_000) == .own(last, from: 0))
    #expect(log.queuedBytes == last.count)
    log.sent(last.count)
    #expect(log.next(cursor: 7, head: 1_000) == .end)

    var own = Self.inRoom()
    Self.post(Self.bytes("private\n"), to: &own, at: 7)
    Self.post(Self.bytes("and more\n"), to: &own, at: 70)
    own.sent(3)
    own.cut(Self.bytes("why\n"), rest: [])
    own.cut(Self.bytes("why again\n"), rest: [])
    own.finish(Self.bytes("Bye!\n"), at: 2_000)
    #expect(own.next(cursor: 7, head: 1_000) == .own(Self.bytes("vate\nand more\nwhy\n"), from: 0))

    var moving = Self.inRoom()
    moving.move(at: 5)
    Self.post(Self.bytes("psst\n"), to: &moving, at: 0)
    moving.cut(Self.bytes("why\n"), rest: [])
    #expect(moving.next(cursor: 0, head: 10) == .own(Self.bytes("psst\nwhy\n"), from: 0))
  }

  @Test("it takes no more than its capacity, but any single line")
  func capacity() {
    var outbox = Self.inRoom()
    #expect(outbox.hasRoom(for: 10 * Outbox.capacity))
    Self.post([UInt8](repeating: 0, count: Outbox.capacity - 1), to: &outbox, at: 0)
    #expect(outbox.hasRoom(for: 1))
    #expect(!outbox.hasRoom(for: 2))
  }

  /// How an outbox comes into each of its phases, and what it answers there.
  private static let phases: [(String, @Sendable (inout Outbox) -> Void, Outbox.Enqueueing)] = [
    ("in no room yet", { $0 = Outbox() }, .absent),
    ("in a room", { _ in }, .queued),
    ("between two rooms", { $0.move(at: 5) }, .queued),
    (
      "in the next room",
      {
        $0.move(at: 5); $0.begin([], at: 9)
      }, .queued
    ),
    ("leaving", { $0.finish([], at: 5) }, .absent),
    (
      "leaving between two rooms",
      {
        $0.move(at: 5); $0.finish([], at: 0)
      }, .absent
    ),
    ("cut off", { $0.cut([], rest: []) }, .absent),
    (
      "cut off between two rooms",
      {
        $0.move(at: 5); $0.cut([], rest: [])
      }, .absent
    ),
    ("given up", { _ = $0.close() }, .absent),
    (
      "given up, in the next room",
      {
        _ = $0.close(); $0.begin([], at: 9)
      }, .absent
    ),
  ]

  @Test("what can't be sent any more is never taken", arguments: phases.indices)
  func absent(_ index: Int) {
    let (name, enter, expected) = Self.phases[index]
    var outbox = Self.inRoom()
    enter(&outbox)
    let before = outbox.queuedBytes
    let result = outbox.enqueue(Self.bytes("psst\n"), at: 10)
    #expect(result == expected, "\(name)")
    #expect(outbox.queuedBytes == before + (expected == .queued ? 5 : 0), "\(name)")
  }

  @Test("a long answer that was broken off takes nothing more")
  func insertedTooLate() {
    var outbox = Self.inRoom()
    outbox.pause(at: 5)
    Self.insert(Self.bytes("one\n"), into: &outbox)
    outbox.cut(Self.bytes("why\n"), rest: [])
    let result = outbox.splice(Self.bytes("two\n"))
    #expect(result == .absent)
    #expect(outbox.next(cursor: 0, head: 10) == .own(Self.bytes("one\nwhy\n"), from: 0))
  }

  @Test("nothing follows a part of a file; its end is followed by the reason")
  func cutInAFile() {
    for isWhole in [false, true] {
      var outbox = Self.inRoom()
      outbox.pause(at: 5)
      #expect(!outbox.isMidFile)
      let part = outbox.splice(Self.bytes("one\ntw"), isWhole: false)
      #expect(part == .queued && outbox.isMidFile)
      if isWhole { Self.insert(Self.bytes("o"), into: &outbox) }
      #expect(outbox.isMidFile == !isWhole)
      Self.post(Self.bytes("private\n"), to: &outbox, at: 7)
      outbox.sent(3)
      outbox.cut(Self.bytes("why\n"), rest: [])
      let last = Outbox.Piece.own(Self.bytes("\ntwoprivate\nwhy\n"), from: 0)
      #expect(outbox.next(cursor: 5, head: 10) == (isWhole ? last : .end))
      outbox.finish(Self.bytes("Bye!\n"), at: 20)
      #expect(outbox.next(cursor: 5, head: 10) == (isWhole ? last : .end))
    }
  }

  @Test("what was told between two rooms is given back where no room will send it")
  func carriedBack() {
    var outbox = Self.inRoom()
    outbox.move(at: 5)
    Self.post(Self.bytes("psst\n"), to: &outbox, at: 0)
    #expect(outbox.next(cursor: 5, head: 10) == .end)
    let rest = outbox.close()
    #expect(rest == Self.bytes("psst\n"))
    #expect(outbox.queuedBytes == 0 && outbox.next(cursor: 5, head: 10) == .end)
  }

  @Test("random posts and sends come out as log and lines merged by position")
  func random() {
    SeededRandom.run { random in
      for _ in 0..<2_000 {
        var outbox = Self.inRoom()
        var head: UInt64 = 0
        var cursor: UInt64 = 0
        var expected = ""
        var got = ""
        for step in 0..<60 {
          switch Int.random(in: 0...2, using: &random) {
          case 0:
            let count = UInt64.random(in: 1...5, using: &random)
            expected += String(repeating: "L", count: Int(count))
            head += count
          case 1:
            Self.post(Self.bytes("<\(step)>"), to: &outbox, at: head)
            expected += "<\(step)>"
          default:
            // A socket that takes a few bytes at a time.
            let space = Int.random(in: 1...7, using: &random)
            switch outbox.next(cursor: cursor, head: head) {
            case .log(let limit):
              let count = min(UInt64(space), limit - cursor)
              cursor += count
              got += String(repeating: "L", count: Int(count))
            case .own(let bytes, let offset):
              let piece = bytes[offset...].prefix(space)
              outbox.sent(piece.count)
              got += String(decoding: piece, as: UTF8.self)
            case .nothing, .paused, .end: break
            }
          }
        }
        if !expected.hasPrefix(got) {
          Issue.record("got \(got), expected \(expected)")
          return
        }
      }
    }
  }

  @Test(
    "a long answer keeps the log back until it is complete, and what comes later waits behind it")
  func held() {
    var outbox = Self.inRoom()
    Self.post(Self.bytes("before\n"), to: &outbox, at: 5)
    outbox.pause(at: 5)
    Self.post(Self.bytes("after\n"), to: &outbox, at: 5)
    Self.post(Self.bytes("later\n"), to: &outbox, at: 8)
    #expect(outbox.next(cursor: 0, head: 10) == .log(upTo: 5))
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("before\n"), from: 0))
    outbox.sent(7)
    #expect(outbox.next(cursor: 5, head: 10) == .paused)
    Self.insert(Self.bytes("one\n"), into: &outbox)
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("one\n"), from: 0))
    outbox.sent(2)
    Self.insert(Self.bytes("two\n"), into: &outbox)
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("one\n"), from: 2))
    outbox.sent(2)
    outbox.resume()
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("two\n"), from: 0))
    outbox.sent(4)
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("after\n"), from: 0))
    outbox.sent(6)
    #expect(outbox.next(cursor: 5, head: 10) == .log(upTo: 8))
    #expect(outbox.queuedBytes == 6)
  }

  @Test("who moves gets the old room to its end, and in the new one what it was told in between")
  func moving() {
    var outbox = Self.inRoom()
    Self.post(Self.bytes("a\n"), to: &outbox, at: 5)
    outbox.move(at: 8)
    Self.post(Self.bytes("psst\n"), to: &outbox, at: 0)
    #expect(outbox.next(cursor: 5, head: 10) == .own(Self.bytes("a\n"), from: 0))
    outbox.sent(2)
    #expect(outbox.next(cursor: 5, head: 10) == .log(upTo: 8))
    #expect(outbox.next(cursor: 8, head: 10) == .end)
    outbox.begin(Self.bytes("hi\n"), at: 1_000)
    #expect(outbox.queuedBytes == 8)
    #expect(outbox.next(cursor: 990, head: 2_000) == .log(upTo: 1_000))
    #expect(outbox.next(cursor: 1_000, head: 2_000) == .own(Self.bytes("hi\npsst\n"), from: 0))
  }

  @Test("what waits behind a long answer takes no space from it")
  func heldSpace() {
    var outbox = Self.inRoom()
    outbox.pause(at: 5)
    Self.post([UInt8](repeating: 1, count: Outbox.capacity), to: &outbox, at: 5)
    #expect(!outbox.hasRoom(for: 1))
    #expect(outbox.hasRoomToSplice(Outbox.capacity))
    Self.insert([UInt8](repeating: 2, count: Outbox.capacity), into: &outbox)
    #expect(!outbox.hasRoomToSplice(1))
    outbox.sent(Outbox.capacity)
    #expect(outbox.hasRoomToSplice(1))
    outbox.resume()
    outbox.sent(Outbox.capacity)
    #expect(outbox.queuedBytes == 0 && outbox.hasRoom(for: Outbox.capacity))
  }

  @Test("who leaves while it moves gets what it was told, and the last line, from the old room")
  func leavingWhileMoving() {
    var outbox = Self.inRoom()
    outbox.move(at: 8)
    Self.post(Self.bytes("psst\n"), to: &outbox, at: 0)
    outbox.finish(Self.bytes("Bye!\n"), at: 0)
    #expect(outbox.next(cursor: 0, head: 10) == .log(upTo: 8))
    #expect(outbox.next(cursor: 8, head: 10) == .own(Self.bytes("psst\nBye!\n"), from: 0))
    outbox.sent(10)
    #expect(outbox.next(cursor: 8, head: 10) == .end)
    #expect(outbox.queuedBytes == 0)
  }

  @Test("no frame goes into an answer that is being put in")
  func nothingWhileHeld() {
    var outbox = Self.inRoom()
    outbox.pause(at: 0)
    #expect(outbox.next(cursor: 0, head: 10) == .paused)
    outbox.resume()
    #expect(outbox.next(cursor: 0, head: 10) == .log(upTo: 10))
  }
}
