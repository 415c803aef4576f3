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

  @Test("what is wrong is told with the flag's name")
  func wrong() throws {
    var missing = FlagParser(["--port"])
    _ = try missing.next()
    #expect(throws: UsageError("--port needs a value")) { try missing.value() }
    var number = FlagParser(["--port", "5x"])
    _ = try number.next()
    #expect(throws: UsageError("--port takes a whole number from 0 to 9, not '5x'")) {
      try number.integer(in: 0...9)
    }
    var needless = FlagParser(["--quiet=yes"])
    _ = try needless.next()
    #expect(throws: UsageError("--quiet takes no value")) { try needless.next() }
    #expect(needless.unknownFlag == UsageError("unknown flag --quiet"))
  }
}
