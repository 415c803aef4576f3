import ChatClientModel
import ChatCore
import Testing

@Suite("CatchUp")
struct CatchUpTests {
  /// What becomes of the lines of a server after a return with `since=7`.
  private static func steps(_ lines: String...) -> [CatchUp.Step] {
    var catchUp = CatchUp(room: "lobby", since: 7)
    return lines.map { catchUp.take(line($0)) }
  }

  private static func line(_ text: String) -> ServerLine {
    let bytes = Array(text.replacing("⇥", with: "\t").utf8)
    return ServerLine(bytes.span)
  }

  private static func welcome(_ sequence: UInt64, _ room: String = "lobby") -> String {
    "[WELCOME]:1⇥room=\(room)⇥seq=\(sequence)⇥members=1⇥max-file=0"
  }

  private static func past(_ sequence: UInt64) -> String {
    "[PAST]:bob: \(sequence)⇥seq=\(sequence)⇥time=x"
  }

  private static func missed(_ sequence: UInt64) -> CatchUp.Step {
    .missed(.room(.said(by: "bob", text: "\(sequence)")), sequence: sequence)
  }

  @Test("the missed lines come first, then the join, then what happens now")
  func order() {
    #expect(
      Self.steps(
        "alice joined!", Self.welcome(10), "Connected to server!", Self.past(8), Self.past(9),
        "carol: live", "[NOTICE]:x", "[PAST]:⇥end=1")
        == [
          .hold, .hold, .hold, Self.missed(8), Self.missed(9), .hold, .pass,
          .over(
            [
              .room(.joined("alice")), Self.line(Self.welcome(10)), .session(.connected),
              .room(.said(by: "carol", text: "live")),
            ], .none),
        ])
  }

  @Test("known lines, and live ones, are not displayed as missed")
  func twice() {
    #expect(
      Self.steps(Self.welcome(9), Self.past(7), Self.past(8), Self.past(8), Self.past(9))
        == [.hold, .hold, Self.missed(8), .hold, .hold])
  }

  @Test("lines that are no longer available are counted")
  func gap() {
    let held = [Self.line(Self.welcome(12))]
    #expect(Self.steps(Self.welcome(12), "[PAST]:⇥end=1").last == .over(held, .lines(4)))
    #expect(
      Self.steps(Self.welcome(12), Self.past(10), "[PAST]:⇥end=1").last == .over(held, .lines(3)))
  }

  @Test("holes between the lines are counted, too, also after an interruption")
  func holes() {
    let held = [Self.line(Self.welcome(20))]
    let end = "[PAST]:⇥end=1"
    #expect(
      Self.steps(Self.welcome(20), Self.past(10), Self.past(13), Self.past(19), end).last
        == .over(held, .lines(9)))
    var catchUp = CatchUp(room: "lobby", since: 18, after: .lines(2))
    _ = catchUp.take(held[0])
    #expect(catchUp.take(.reply(.pastEnd)) == .over(held, .lines(3)))
    var anew = CatchUp(room: "lobby", since: 18, after: .unknown)
    _ = anew.take(held[0])
    #expect(anew.take(.reply(.pastEnd)) == .over(held, .unknown))
  }

  @Test("a server that knows no since= answers the question first")
  func unknownSince() {
    let pong = "[PONG]:\(CatchUp.token)"
    #expect(
      Self.steps(Self.welcome(8), pong).last == .over([Self.line(Self.welcome(8))], .none))
    #expect(Self.steps(Self.welcome(9), Self.past(8), pong).last == .hold)
    #expect(Self.steps("[PONG]:other") == [.pass])
  }

  @Test("a room whose numbers start again has unknown lines")
  func restarted() {
    #expect(
      Self.steps(Self.welcome(3), Self.past(1), Self.past(2), "[PAST]:⇥end=1")
        == [
          .hold, Self.missed(1), Self.missed(2), .over([Self.line(Self.welcome(3))], .unknown),
        ])
  }

  @Test("in another room than the one asked for there is no gap to close")
  func elsewhere() {
    let welcome = Self.welcome(30, "#swift")
    #expect(Self.steps(welcome) == [.over([Self.line(welcome)], .none)])
  }

  @Test("the greatest numbers do not trap")
  func greatestNumbers() {
    let end = "[PAST]:⇥end=1"
    #expect(Self.steps(Self.past(.max), Self.past(.max - 1), end).count == 3)
    #expect(Self.steps(Self.welcome(.max), Self.past(.max - 1), Self.past(.max), end).count == 4)
    #expect(Self.steps(Self.welcome(.max), Self.past(.max), Self.welcome(3), end).count == 4)
    var last = CatchUp(room: "lobby", since: .max)
    let welcome = Self.line(Self.welcome(.max))
    #expect(last.take(welcome) == .hold)
    #expect(last.take(.reply(.pastEnd)) == .over([welcome], .unknown))
    var another = CatchUp(room: "lobby", since: .max)
    #expect(another.take(.reply(.pastEnd)) == .over([], .none))
  }

  @Test("a server that never ends does not fill the memory")
  func endless() {
    var catchUp = CatchUp(room: "lobby", since: 7)
    var count = 1
    while catchUp.take(.room(.said(by: "bob", text: "x"))) == .hold { count += 1 }
    #expect(count == 4_096)
  }
}
