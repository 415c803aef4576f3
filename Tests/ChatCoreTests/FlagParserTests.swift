import ChatFlags
import Testing

@Suite("FlagParser")
struct FlagParserTests {
  @Test("flags, values and operands in any order")
  func walk() throws {
    var parser = FlagParser(["host", "--port", "5", "--nick=a=b", "-", "--", "--odd"])
    #expect(try parser.next() == .operand("host"))
    #expect(try parser.next() == .flag("--port"))
    #expect(try parser.integer(in: 0...10) == 5)
    #expect(try parser.next() == .flag("--nick"))
    #expect(try parser.value() == "a=b")
    #expect(try parser.next() == .operand("-"))
    #expect(try parser.next() == .operand("--odd"))
    #expect(try parser.next() == nil)
  }

  @Test("a path is its bytes, whatever they are; what is text has to be UTF-8")
  func bytes() throws {
    let name: [UInt8] = [0x63, 0xE9]
    for argument in [[Array("--send".utf8), name], [Array("--send=".utf8) + name]] {
      var path = FlagParser(argument)
      #expect(try path.next() == .flag("--send"))
      #expect(try path.bytes() == name)
      #expect(try path.next() == nil)
      var text = FlagParser(argument)
      _ = try text.next()
      #expect(throws: UsageError("--send is not UTF-8: 'c\u{FFFD}'")) { try text.value() }
    }
    var operand = FlagParser([name])
    #expect(throws: UsageError("an argument is not UTF-8: 'c\u{FFFD}'")) { try operand.next() }
    var unknown = FlagParser([Array("--".utf8) + name + Array("=1".utf8)])
    #expect(try unknown.next() == .flag("--c\u{FFFD}"))
  }

  @Test("what follows a flag is its value, also if it begins with a hyphen, or is empty")
  func values() throws {
    var parser = FlagParser(["--data", "--port", "--data=", "--data", "--", "--data", ""])
    for value in ["--port", "", "--", ""] {
      #expect(try parser.next() == .flag("--data"))
      #expect(try parser.value() == value)
    }
    #expect(try parser.next() == nil)
  }

  @Test("an error is one line, whatever was typed")
  func oneLine() {
    #expect(UsageError("unexpected 'a\nb\u{1B}[2J'").reason == "unexpected 'a\u{FFFD}b\u{FFFD}[2J'")
  }

  @Test("what is wrong is told with the flag's name")
  func wrong() throws {
    var missing = FlagParser(["--port"])
    _ = try missing.next()
    #expect(throws: UsageError("--port needs a value")) { try missing.value() }
    var number = FlagParser(["--port", "5x"])
    _ = try number.next()
    #expect(throws: UsageError("invalid number '5x' for --port (want 0 to 9)")) {
      try number.integer(in: 0...9)
    }
    var needless = FlagParser(["--quiet=yes"])
    _ = try needless.next()
    #expect(throws: UsageError("--quiet takes no value")) { try needless.next() }
    #expect(needless.unknownFlag == UsageError("unknown flag --quiet"))
  }
}
