import ChatClientModel
import ChatCore
import Testing

@Suite("SendQueue")
struct SendQueueTests {
  private static func queue(_ lines: String..., isTyped: Bool = false) throws -> SendQueue {
    var queue = SendQueue(nickname: try Nickname("alice"), isTyped: isTyped)
    for line in lines { queue.append(.raw(Array(line.utf8))) }
    return queue
  }

  private static func taken(_ queue: inout SendQueue) -> [String] {
    String(decoding: queue.take(), as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// What is sent after the connection was lost, and these lines came as missed ones.
  private static func sentAgain(_ queue: inout SendQueue, missed: String...) -> [String] {
    queue.lost()
    for text in missed { queue.heard(text) }
    _ = queue.resume()
    return taken(&queue)
  }

  // `#expect` takes no call that changes a value.

  private static func isAnswered(_ queue: inout SendQueue, _ token: String) -> Bool {
    queue.answered(token)
  }

  private static func dropped(
    _ queue: inout SendQueue, isElsewhere: Bool = false
  ) -> SendQueue.Dropped {
    queue.resume(isElsewhere: isElsewhere)
  }

  private static func unsure(_ queue: inout SendQueue) -> SendQueue.Dropped {
    queue.resume(isUnsure: true)
  }

  @Test("what did not come back is sent again, in order")
  func sentAgain() throws {
    var queue = try Self.queue("one", "two", "three", "four")
    #expect(Self.taken(&queue) == ["one", "two", "three", "four"])
    #expect(Self.taken(&queue) == [])
    queue.heard("one")
    #expect(queue.unconfirmedLines == 3)
    #expect(Self.sentAgain(&queue, missed: "two") == ["three", "four"])
    queue.heard("three")
    queue.heard("four")
    #expect(queue.unconfirmedLines == 0)
    #expect(Self.sentAgain(&queue) == [])
  }

  @Test("lines that are equal are counted, not confused")
  func equalLines() throws {
    var queue = try Self.queue("ok", "ok", "no", "ok")
    _ = queue.take()
    queue.heard("ok")
    #expect(Self.sentAgain(&queue, missed: "ok", "no") == ["ok"])
    #expect(Self.sentAgain(&queue, missed: "ok") == [])
  }

  @Test("what was not sent yet follows what is sent again")
  func unsent() throws {
    var queue = try Self.queue("one")
    _ = queue.take()
    queue.append(.raw(Array("two".utf8)))
    #expect(Self.sentAgain(&queue) == ["one", "two"])
  }

  @Test("a line is known by what the server makes of it")
  func echoes() throws {
    for (line, echo) in [
      ("a\tb", "a b"), ("a\tb", "a\tb"), ("a\u{1B}b", "a\u{FFFD}b"), ("alice: hi", "hi"),
      ("alice: alice: hi", "alice: hi"), ("alice: [WHO]:", "[WHO]:"), ("  hi ", "  hi "),
      ("hi\r", "hi"), ("bob: hi", "bob: hi"),
    ] {
      var queue = try Self.queue(line)
      _ = queue.take()
      #expect(queue.unconfirmedLines == 1)
      queue.heard(echo)
      #expect(queue.unconfirmedLines == 0, "\(line)")
    }
  }

  @Test("lines that no server sends back are not waited for")
  func silent() throws {
    let long = String(repeating: "x", count: Limits.clientLineBytes)
    let growing = String(repeating: "\u{1}", count: Limits.clientLineBytes / 2)
    for line in ["", "  ", "\t", "alice:  ", long, growing, "[WHO]:", "[FOO]:", "[PING]:x"] {
      var queue = try Self.queue(line)
      _ = queue.take()
      #expect(queue.unconfirmedLines == 0, "\(line.prefix(20))")
      #expect(Self.sentAgain(&queue) == [])
    }
    var exact = try Self.queue(String(long.dropLast()))
    _ = exact.take()
    #expect(exact.unconfirmedLines == 1)
  }

  @Test("text is sent as text whatever it looks like, under the present nickname")
  func text() throws {
    var queue = try Self.queue()
    for text in ["hi", "[WHO]:", "exit", "alice: hi"] { queue.append(.text(Array(text.utf8))) }
    #expect(
      Self.taken(&queue) == ["hi", "alice: [WHO]:", "alice: exit", "alice: alice: hi"])
    queue.renamed(to: try Nickname("bob"))
    #expect(
      Self.sentAgain(&queue, missed: "hi", "[WHO]:") == ["bob: exit", "alice: hi"])
  }

  @Test(
    "after a change of room or nickname nothing is sent until it is answered",
    arguments: ["[ROOM]:#swift", "[NEWROOM]:", "[NICK]:bob"])
  func settings(_ line: String) throws {
    var queue = try Self.queue("one", line, "two", isTyped: true)
    #expect(Self.taken(&queue) == ["one", line, "[PING]:chat-client-sent-1"])
    #expect(Self.taken(&queue) == [])
    var refused = queue
    #expect(Self.isAnswered(&refused, "chat-client-sent-1"))
    #expect(Self.taken(&refused) == ["two"])
    var lost = queue
    #expect(
      Self.sentAgain(&lost, missed: "one") == [line, "[PING]:chat-client-sent-2"])
    queue.heard("one")
    if line.hasPrefix("[NICK]") { queue.renamed(to: try Nickname("bob")) } else { queue.moved() }
    #expect(Self.taken(&queue) == ["two"])
    #expect(Self.sentAgain(&queue) == ["two"])
  }

  @Test("an answer does not acknowledge what was sent after the question")
  func answers() throws {
    var queue = try Self.queue("[MSG]:bob one", "two", "[MSG]:carol three")
    _ = queue.take()
    #expect(Self.isAnswered(&queue, "chat-client-sent-1"))
    #expect(queue.unconfirmedLines == 1)
    #expect(Self.isAnswered(&queue, "chat-client-sent-1"))
    #expect(queue.unconfirmedLines == 1)
  }

  @Test("a private message is sent once; without its receipt it is reported")
  func messages() throws {
    var queue = try Self.queue("[MSG]:bob one", "[MSG]:carol two", "[MSG]:dave three", "text")
    _ = queue.take()
    queue.delivered()
    #expect(Self.isAnswered(&queue, "chat-client-sent-2"))
    queue.lost()
    #expect(Self.dropped(&queue) == .init(messagesTo: ["dave"]))
    #expect(Self.taken(&queue) == ["text"])
    queue.append(.raw(Array("[MSG]:erin four".utf8)))
    queue.append(.raw(Array("more".utf8)))
    _ = queue.take()
    queue.lost()
    queue.heard("text")
    queue.heard("more")
    #expect(Self.dropped(&queue) == .init(messagesTo: ["erin"]))
  }

  @Test("at the end of input it asks once whether all has arrived, then leaves")
  func end() throws {
    var queue = try Self.queue("one")
    queue.end()
    #expect(Self.taken(&queue) == ["one", "[PING]:chat-client-sent-1"])
    #expect(Self.taken(&queue) == [])
    #expect(!Self.isAnswered(&queue, "mine"))
    #expect(Self.sentAgain(&queue) == ["one", "[PING]:chat-client-sent-2"])
    queue.heard("one")
    #expect(Self.isAnswered(&queue, "chat-client-sent-2"))
    #expect(Self.taken(&queue) == ["[QUIT]:"])
    #expect(queue.isLeaving && queue.unconfirmedLines == 0)
    #expect(Self.sentAgain(&queue) == ["[QUIT]:"])
  }

  @Test("after exit nothing is sent", arguments: ["exit", "{quit}", "[QUIT]:bye"])
  func exit(_ line: String) throws {
    var queue = try Self.queue("one", line, "two")
    #expect(Self.taken(&queue) == ["one", line])
    #expect(queue.isLeaving && queue.unconfirmedLines == 1)
    #expect(Self.sentAgain(&queue) == ["one", line])
  }

  @Test("what somebody else says under the old nickname is not taken for one's own")
  func parted() throws {
    var queue = try Self.queue("ok")
    _ = queue.take()
    queue.lost()
    queue.parted()
    queue.heard("ok")
    _ = queue.resume()
    #expect(Self.taken(&queue) == ["ok"])
    queue.heard("ok")
    #expect(queue.unconfirmedLines == 0)
  }

  @Test("what was meant for a room that is gone is not published elsewhere")
  func elsewhere() throws {
    var queue = try Self.queue("one", "two", "[WHO]:", "[ROOM]:#swift", "three")
    _ = queue.take()
    queue.heard("one")
    queue.lost()
    queue.append(.raw(Array("four".utf8)))
    #expect(Self.dropped(&queue, isElsewhere: true) == .init(lines: 1, requests: 1))
    #expect(Self.taken(&queue) == ["[ROOM]:#swift", "[PING]:chat-client-sent-2"])
    queue.moved()
    #expect(Self.taken(&queue) == ["three", "four"])
  }

  @Test("if it is unknown what arrived, only what was not sent yet is sent")
  func unsure() throws {
    var queue = try Self.queue("one", "two", "[ROOM]:#swift", "three")
    _ = queue.take()
    queue.lost()
    queue.heard("one")
    #expect(Self.unsure(&queue) == .init(unsureLines: 1))
    #expect(queue.hasLost)
    #expect(Self.taken(&queue) == ["[ROOM]:#swift", "[PING]:chat-client-sent-2"])
    queue.moved()
    #expect(Self.taken(&queue) == ["three"])
  }

  @Test("what would be lost at any moment is counted")
  func unconfirmed() throws {
    var queue = try Self.queue("one", "[MSG]:bob x", "[WHO]:", "[SEARCH]:x", "two")
    let all = SendQueue.Unconfirmed(lines: 2, messages: 1, requests: 2)
    #expect(queue.unconfirmed == all)
    _ = queue.take()
    #expect(queue.unconfirmed == all)
    queue.heard("one")
    queue.delivered()
    queue.requestAnswered()
    #expect(queue.unconfirmed == .init(lines: 1, requests: 1))
    queue.requestAnswered()
    queue.heard("two")
    #expect(queue.unconfirmed.isEmpty && !queue.hasLost)
  }

  @Test("a line that the server can't take is lost")
  func tooLong() throws {
    let long = String(repeating: "x", count: Limits.clientLineBytes)
    for line in [long, "[MSG]:bob \(long)", String(repeating: "\u{1}", count: 4_096)] {
      var queue = try Self.queue(line)
      _ = queue.take()
      #expect(queue.hasLost, "\(line.prefix(9))")
      // A person is told that it was refused.
      var typed = try Self.queue(line, isTyped: true)
      _ = typed.take()
      #expect(!typed.hasLost)
    }
    var exact = try Self.queue(String(long.dropLast()))
    _ = exact.take()
    #expect(!exact.hasLost)
  }

  @Test("after a refused move nothing is sent, unless a person is there")
  func refusedMove() throws {
    var queue = SendQueue(nickname: try Nickname("alice"))
    for line in ["[NICK]:taken", "[ROOM]:#a", "[ROOM]:gone", "text"] {
      queue.append(.raw(Array(line.utf8)))
    }
    _ = queue.take()
    #expect(Self.isAnswered(&queue, "chat-client-sent-1") && !queue.isStopped)
    _ = queue.take()
    queue.moved()
    #expect(Self.isAnswered(&queue, "chat-client-sent-2") && !queue.isStopped)
    #expect(Self.taken(&queue) == ["[ROOM]:gone", "[PING]:chat-client-sent-3"])
    #expect(Self.isAnswered(&queue, "chat-client-sent-3") && queue.isStopped)
    #expect(Self.taken(&queue) == [])
  }

  @Test("the queue is limited, and takes more once lines come back")
  func limits() throws {
    var queue = try Self.queue()
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 8_000)
    var count = 0
    while !queue.isFull {
      queue.append(.raw(line))
      count += 1
      _ = queue.take()
    }
    #expect(count == 132)
    queue.heard(String(decoding: line, as: UTF8.self))
    #expect(!queue.isFull && !queue.isHalfEmpty)
    for _ in 1...66 { queue.heard(String(decoding: line, as: UTF8.self)) }
    #expect(queue.isHalfEmpty)
  }

  @Test("an answered question empties the queue, even if the server changes the lines")
  func strangeServer() throws {
    var queue = try Self.queue()
    var asked = 0
    for number in 0..<200_000 {
      queue.append(.raw(Array("line \(number)".utf8)))
      for line in Self.taken(&queue) where line.hasPrefix("[PING]:") {
        asked += 1
        #expect(Self.isAnswered(&queue, String(line.dropFirst(7))))
      }
      if queue.isFull { break }
    }
    #expect(!queue.isFull && asked > 10)
  }
}
