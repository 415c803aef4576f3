import Foundation
import TestKit
import Testing

/// Who depends on whom in the sources: what `Tests/Structure/structure.py` finds.
@Suite("Structure", .timeLimit(.minutes(1)))
struct StructureTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Runs the script on a folder of targets.
  ///
  /// - Returns: its exit code, and its lines.
  private func check(_ sources: String) throws -> (code: Int32, lines: [String]) {
    let program = try Program("python3", ["\(Self.root)/Tests/Structure/structure.py", sources])
    let lines = try program.rest().split(separator: "\n").map(String.init)
    return (try program.exitCode(), lines + program.errors.split(separator: "\n").map(String.init))
  }

  /// Runs the script on files that are made for it, by their paths.
  private func check(_ files: [String: String]) throws -> (code: Int32, lines: [String]) {
    let folder = try TestFolder()
    for (path, text) in files {
      let file = URL(fileURLWithPath: "\(folder.path)/\(path)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return try check(folder.path)
  }

  @Test("there is no cycle of targets, none of four files, and one seam to the system")
  func sources() throws {
    let result = try check("\(Self.root)/Sources")
    for line in result.lines { print(line) }
    let errors = result.lines.filter { !$0.hasPrefix("warning: ") }
    #expect(errors.isEmpty)
    #expect(result.code == 0)
  }

  @Test("four files in a ring are found, three are not")
  func ring() throws {
    let three = [
      "Ring/Inner/A.swift": "struct A { let b: [B] }", "Ring/B.swift": "struct B { let c: [C] }",
      "Ring/C.swift": "struct C { let a: [A] }",
    ]
    #expect(try check(three) == (0, []))
    let four = [
      "Ring/Inner/A.swift": "struct A { let b: [B] }", "Ring/B.swift": "struct B { let c: [C] }",
      "Ring/C.swift": "struct C { let d: [D] }", "Ring/D.swift": "struct D { let a: [A] }",
    ]
    let cycle = "error: Ring: a cycle of 4 files: B.swift C.swift D.swift Inner/A.swift"
    #expect(try check(four) == (1, [cycle]))
  }

  @Test(
    "whatever closes a ring of four counts",
    arguments: [
      // A generic argument, a function, a variable, what a string interpolates, a name with its module's.
      "func d() -> Array<A> { [] }", "let d = a()", "let d = theA", #"let d = "\(a())""#,
      ##"let d = #"""\#n\#(theA)"""#"##, "let d: Ring.A? = nil", "extension A {}",
      // A member that only the first file declares, in an extension.
      "func d(_ text: String) { text.sing() }",
    ])
  func closed(by last: String) throws {
    #expect(try check(ring(last)).code == 1)
  }

  @Test(
    "what only looks like a mention does not",
    arguments: [
      "// A", "/* A /* A */ A */", #"let d = "A \"A\"""#, ##"let d = #"A \(A)"#"##,
      "let d = \"\"\"\n  A \"\" A\n  \"\"\"", "struct Outer { struct A {}; let a: A }",
      "func d<A>(_ a: A) {}", "private struct A {}\nlet d = A()", "let d = Other.A()",
      "func d(a: Int) {}\nlet e = d(a: 1)", "enum D { case theA }\nlet d = D.theA",
      // Another file has a member of this name, too.
      "func d(_ text: String) { text.dance() }",
    ])
  func open(by last: String) throws {
    #expect(try check(ring(last)) == (0, []))
  }

  /// A ring of four files but for the last, `D.swift`, and what the first declares.
  private func ring(_ last: String) -> [String: String] {
    [
      "Ring/A.swift": """
      struct A { let b: [B] }
      func a() -> Int { 1 }
      let theA = 1
      extension String {
        func sing() {}
        func dance() {}
      }
      """,
      "Ring/B.swift": "struct B { let c: [C]; func dance() {} }",
      "Ring/C.swift": "struct C { let d: D }",
      "Ring/D.swift": "struct D {}\n" + last,
    ]
  }

  @Test(
    "targets that import each other, and Glibc outside the seam, are found; large folders are told of"
  )
  func targets() throws {
    let result = try check([
      "One/One.swift": "internal import Two", "Two/Two.swift": "package import struct One.One",
      "Three/Three.swift": "internal import Glibc\ninternal import One",
      "ChatSystem/Seam.swift": "internal import Glibc",
    ])
    #expect(result.code == 1)
    #expect(
      result.lines == [
        "error: Three/Three.swift imports Glibc: ChatSystem is the seam to the system",
        "error: a cycle of 2 targets: One Two",
      ])
    let many = (0...16).map { ("Many/Inner/\($0).swift", "let a\($0) = 1") }
    #expect(
      try check(Dictionary(uniqueKeysWithValues: many))
        == (0, ["warning: Many/Inner has 17 Swift files"]))
  }
}
