import ChatTerminal
import Testing

/// What Tab does.
@Suite("Completion")
struct CompletionTests {
  private static let files: [String: [PathCompletion.Entry]] = [
    ".": [
      .init("holiday photos", isFolder: true), .init("notes.txt"), .init(".hidden"),
      .init("back\\slash"), .init("bad\u{1B}name"), .init("e\u{301}té.png"),
    ],
    "holiday photos/": [.init("cat 1.png"), .init("cat 2.png"), .init("car", isFolder: true)],
    "/home/ann/": [.init("song.mp3")],
    "q/": [.init("it's \"5\\6\" $1.txt")],
    "t/": [.init("~tilde")],
    "b/": [.init("caf\u{10FEE9}.txt"), .init("caf\u{10FEE8}")],
    "n/": [.init("e\u{301}.txt"), .init("\u{E9}.png")],
  ]

  private static let paths = PathCompletion(home: "/home/ann") { files[$0] ?? [] }

  @Test(
    "a path is completed as far as it is certain",
    arguments: [
      ("no", "tes.txt ", []), ("ho", "liday\\ photos/", []), ("a.txt ho", "liday\\ photos/", []),
      ("holiday\\ photos/c", "a", ["car/", "cat 1.png", "cat 2.png"]),
      ("holiday\\ photos/ca", "", ["car/", "cat 1.png", "cat 2.png"]),
      ("holiday\\ photos/cat", "\\ ", ["cat 1.png", "cat 2.png"]),
      ("holiday\\ photos/cat\\ 1", ".png ", []), ("holiday photos/c", "", []),
      ("~/s", "ong.mp3 ", []), ("/home/ann/", "song.mp3 ", []), ("~", "", []),
      ("", "", ["back\\slash", "holiday photos/", "notes.txt", "e\u{301}té.png"]),
      (".", "hidden ", []), ("ba", "ck\\\\slash ", []), ("bad", "", []), ("x", "", []),
      (#""ho"#, "liday photos/", []), (#"'holiday photos/cat 1"#, ".png' ", []),
      (#"'no"#, "tes.txt' ", []), (#""q/i"#, #"t's \"5\\6\" $1.txt" "#, []),
      ("'q/i", #"t'\''s "5\6" $1.txt' "#, []), ("q/i", #"t\'s\ \"5\\6\"\ $1.txt "#, []),
      (#"q/it\'s\ \"#, "", []), ("'~/s", "", []), (#"\~/s"#, "", []), (#"~"/s"#, "", []),
      (#""a b" no"#, "tes.txt ", []), ("t/", "~tilde ", []),
      ("notes.txt", " ", []), ("nowhere/", "", []),
      ("b/", "caf", ["caf\u{FFFD}", "caf\u{FFFD}.txt"]), ("b/caf\u{10FEE9}", ".txt ", []),
      ("n/e\u{301}", ".txt ", []), ("n/\u{E9}", ".png ", []),
    ])
  func paths(typed: String, insertion: String, candidates: [String]) {
    let completion = Self.paths.complete(typed)
    #expect(completion.insertion == insertion)
    #expect(completion.replacedCount == 0)
    #expect(completion.candidates == candidates)
  }

  @Test("a name that begins with ~ is not one's own folder")
  func tilde() {
    let paths = PathCompletion(home: "/home/ann") { $0 == "." ? [.init("~ b")] : [] }
    #expect(paths.complete("").insertion == #"\~\ b "#)
    #expect(paths.complete("'").insertion == "~ b' ")
    #expect(paths.complete("~").insertion == "")
  }

  private static var completer: Completer {
    var completer = Completer(commands: ["/nick", "/new", "/help", "/send"], paths: paths)
    for name in ["alice", "Bob", "alan", "carol", "alice"] { completer.note(name: name) }
    return completer
  }

  @Test(
    "commands, names and paths are completed where they belong",
    arguments: [
      ("/he", 3, "/help ", []), ("/n", 0, "", ["/nick", "/new"]), ("/x", 0, "", []),
      ("/msg bo", 2, "Bob ", []), ("car", 3, "carol: ", []), ("hi ca", 2, "carol ", []),
      ("a", 1, "al", ["alice", "alan"]), ("al", 0, "", ["alice", "alan"]), ("", 0, "", []),
      ("hi ", 0, "", []), ("/send no", 0, "tes.txt ", []),
    ])
  func words(typed: String, replaced: Int, insertion: String, candidates: [String]) {
    let completion = Self.completer.complete(typed)
    #expect(completion.replacedCount == replaced)
    #expect(completion.insertion == insertion)
    #expect(completion.candidates == candidates)
  }

  @Test("candidates stand in columns, and no more than fifty of them")
  func rows() {
    #expect(Completer.rows(["a", "bb", "ccc"], width: 10) == "a    bb\nccc\n")
    #expect(Completer.rows(["a", "日本"], width: 80) == "a     日本\n")
    let many = Completer.rows((0..<60).map { "\($0)" }, width: 80)
    #expect(many.hasSuffix("… and 10 more\n"))
    #expect(many.split(separator: "\n").allSatisfy { $0.count < 80 })
  }
}
