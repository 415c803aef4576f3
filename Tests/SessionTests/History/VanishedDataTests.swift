import ChatSystem
import Foundation
import TestKit
import Testing

/// What becomes of the history when its files are removed, moved or replaced under the running server.
@Suite("Data that vanishes", .serialized, .timeLimit(.minutes(3)))
struct VanishedDataTests {
  /// What is done to the folder `D`.
  private static let losses = [
    "rm -r D", "rm D/history.db*", "rm D/history.db", "mv D D.moved",
    "mv D D.moved && mkdir D", "cp D/history.db D/new && mv D/new D/history.db",
    "mkdir D.old && mv D/history.db* D.old",
  ]

  private static func shell(_ command: String, _ data: TestFolder) throws {
    let script = command.split(separator: " ").map { word in
      word == "D" || word.hasPrefix("D/") || word.hasPrefix("D.")
        ? data.path + word.dropFirst() : String(word)
    }.joined(separator: " ")
    let program = try Program("sh", ["-c", script])
    guard try program.exitCode() == 0 else { throw Failure("\(script): \(program.errors)") }
  }

  /// The text of past lines, with their numbers.
  private static func past(_ socket: TestSocket, _ request: String = "[HISTORY]:1000") throws
    -> [String]
  {
    try socket.send("\(request)\n")
    var lines: [String] = []
    while let line = try socket.line(), line != "[PAST]:\tend=1" {
      let fields = line.split(separator: "\t")
      if line.hasPrefix("[PAST]:") {
        lines.append("\(fields[1].dropFirst("seq=".count)) \(fields[0].dropFirst("[PAST]:".count))")
      }
    }
    return lines
  }

  /// Takes lines up to one that begins so.
  private static func skip(_ socket: TestSocket, to beginning: String) throws {
    while let line = try socket.line() {
      if line.hasPrefix(beginning) { return }
    }
    throw Failure("the end, and no '\(beginning)'")
  }

  /// Says something, and waits until it is there.
  private static func say(_ socket: TestSocket, _ text: String) throws {
    try socket.send("\(text)\n")
    while let line = try socket.line() { if line.hasSuffix(": \(text)") { return } }
  }

  private static func number(_ line: String) -> UInt64? {
    line.split(separator: "\t").first { $0.hasPrefix("seq=") }.flatMap { UInt64($0.dropFirst(4)) }
  }

  /// Where a client is, as the server tells it when it goes there.
  private static func go(_ socket: TestSocket, to room: String) throws -> UInt64 {
    try socket.send("[ROOM]:\(room)\n")
    while let line = try socket.line() {
      if line.hasPrefix("[ERROR]") { throw Failure("\(room): \(line)") }
      if line.hasPrefix("[ROOM]:"), let number = number(line) { return number }
    }
    throw Failure("the end")
  }

  @Test(
    "it is noticed and told, what memory has is written into a new history, and numbers go on",
    arguments: losses)
  func lost(_ loss: String) throws {
    let data = try TestFolder()
    defer {
      for end in ["moved", "old"] {
        try? FileManager.default.removeItem(atPath: "\(data.path).\(end)")
      }
    }
    var before: [String] = []
    var all: [String] = []
    var ends: (named: UInt64, code: UInt64, full: UInt64) = (0, 0, 0)
    var code = ""
    do {
      let server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
      let alice = try server.joinSpeaking("alice")
      let bob = try server.joinSpeaking("bob", room: "#full")
      for number in 0..<20 {
        try Self.say(alice, "line \(number)")
        try Self.say(bob, "bob's \(number)")
      }
      let carol = try server.joinSpeaking("carol", room: "#empty")
      for number in 0..<5 { try Self.say(carol, "carol's \(number)") }
      try carol.send("[NEWROOM]:\n")
      while let line = try carol.line() {
        if line.hasPrefix("[ROOM]:") {
          code = String(line.split(separator: "\t")[0].dropFirst("[ROOM]:".count))
          break
        }
      }
      try Self.say(carol, "secret")
      ends.code = try Self.go(carol, to: code)
      _ = try Self.go(carol, to: "lobby")
      before = try Self.past(alice)
      #expect(before.count >= 20)
      try Self.shell(loss, data)
      try Self.skip(alice, to: "[NOTICE]:The history was lost")
      try Self.skip(bob, to: "[NOTICE]:The history was lost")
      #expect(server.program.errors.contains("the history is gone"))
      try Self.say(alice, "afterwards")
      all = try Self.past(alice)
      #expect(all.starts(with: before) && all.last?.hasSuffix("alice: afterwards") == true)
      // Five lines, a join and a departure.
      ends.named = try Self.go(carol, to: "#empty")
      #expect(ends.named == 8)
      ends.full = try Self.go(bob, to: "#full")
      // Nobody else gets hold of the folder.
      #expect(throws: Failure.self) { try TestServer(data: data) }
      server.program.signal(SIGTERM)
      #expect(try server.program.exitCode() == 0)
    }
    let server = try TestServer("--log-level", "warning", data: data)
    let dave = try server.joinSpeaking("dave")
    #expect(try Self.past(dave).starts(with: all))
    #expect(try Self.go(dave, to: "#empty") > ends.named)
    #expect(try Self.go(dave, to: code) > ends.code)
    #expect(try Self.go(dave, to: "#full") > ends.full)
    #expect(try Self.past(dave).contains { $0.hasSuffix(" bob: bob's 19") })
  }

  @Test("a polite stop follows at once: the same", arguments: losses)
  func lostAtTheEnd(_ loss: String) throws {
    let data = try TestFolder()
    defer {
      for end in ["moved", "old"] {
        try? FileManager.default.removeItem(atPath: "\(data.path).\(end)")
      }
    }
    var before: [String] = []
    var full: [String] = []
    do {
      let server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
      let alice = try server.joinSpeaking("alice")
      let bob = try server.joinSpeaking("bob", room: "#full")
      for number in 0..<20 {
        try Self.say(alice, "line \(number)")
        try Self.say(bob, "bob's \(number)")
      }
      before = try Self.past(alice)
      full = try Self.past(bob)
      try Self.shell(loss, data)
      server.program.signal(SIGTERM)
      #expect(try server.program.exitCode() == 0)
      #expect(server.program.errors.contains("the history is gone"))
    }
    let server = try TestServer("--log-level", "warning", data: data)
    let dave = try server.joinSpeaking("dave")
    #expect(before.count >= 20)
    #expect(try Self.past(dave).starts(with: before))
    _ = try Self.go(dave, to: "#full")
    #expect(full.count >= 20)
    #expect(try Self.past(dave).starts(with: full))
  }

  @Test(
    "only the log beside the history is gone: nothing is lost",
    arguments: ["rm D/history.db-wal", "rm D/history.db-shm", "rm D/history.db-*"])
  func lostLog(_ loss: String) throws {
    let data = try TestFolder()
    var all: [String] = []
    do {
      let server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
      let alice = try server.joinSpeaking("alice")
      for number in 0..<300 { try alice.send("line \(number)\n") }
      try Self.skip(alice, to: "alice: line 299")
      try Self.shell(loss, data)
      try eventually("it is noticed") {
        server.program.errors.contains("the history's log is gone")
      }
      try Self.say(alice, "afterwards")
      all = try Self.past(alice)
      #expect(all.count == 302)
      #expect(try Self.past(alice, "[SEARCH]:afterwards").count == 1)
      server.program.signal(SIGKILL)
    }
    let server = try TestServer("--log-level", "warning", data: data)
    #expect(try Self.past(try server.joinSpeaking("dave")).starts(with: all))
    #expect(!server.program.errors.contains("damaged"))
  }

  @Test("the search index is gone: it is filled anew")
  func lostIndex() throws {
    let server = try TestServer("--log-level", "warning")
    let alice = try server.joinSpeaking("alice")
    try Self.say(alice, "tea and coffee")
    #expect(try Self.past(alice, "[SEARCH]:coffee").count == 1)
    try Self.shell("rm D/search.db*", server.data)
    try eventually("it is noticed") { server.program.errors.contains("the search index is gone") }
    try eventually("it is there") {
      FileManager.default.fileExists(atPath: "\(server.data.path)/search.db")
    }
    #expect(try Self.past(alice, "[SEARCH]:coffee").count == 1)
  }

  @Test("the lock is gone: it is taken again, and nobody else can have the folder")
  func lostLock() throws {
    let server = try TestServer("--log-level", "warning")
    let alice = try server.joinSpeaking("alice")
    try Self.say(alice, "before")
    try Self.shell("rm D/lock", server.data)
    try eventually("it is there again") {
      FileManager.default.fileExists(atPath: "\(server.data.path)/lock")
    }
    try eventually("it is locked") {
      do {
        _ = try TestServer(data: server.data)
        return false
      } catch {
        return "\(error)".contains("in use by another")
      }
    }
    try Self.say(alice, "after")
    #expect(try Self.past(alice).count == 3)
  }

  @Test("the files are gone: it is told, and others can be sent")
  func lostFiles() throws {
    let server = try TestServer("--log-level", "warning")
    let alice = try server.joinSpeaking("alice")
    let old = try Self.sendFile(alice, "old.txt", "old")
    try Self.shell("rm -r D/files", server.data)
    try Self.skip(alice, to: "[NOTICE]:Files that were sent before are gone: 1 of 1.")
    #expect(try alice.requestFile(old).head.code == "no-such-file")
    let new = try Self.sendFile(alice, "new.txt", "new")
    #expect(try alice.download(new) == Array("new".utf8))
  }

  @Test("some files are gone from their folder: it is told how many, and the others can be had")
  func lostContents() throws {
    let server = try TestServer("--log-level", "warning")
    let alice = try server.joinSpeaking("alice")
    let old = try Self.sendFile(alice, "old.txt", "old")
    let folder = "\(server.data.path)/files"
    func contents() throws -> Set<String> {
      Set(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.count == 64 })
    }
    let lost = try contents()
    let new = try Self.sendFile(alice, "new.txt", "new")
    for name in lost { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
    try Self.skip(alice, to: "[NOTICE]:Files that were sent before are gone: 1 of 2.")
    #expect(server.program.errors.contains("files that were sent are gone: 1 of 2"))
    try alice.send("[FILES]:\n")
    #expect(try alice.line()?.hasPrefix("[FILES]:new.txt\tid=\(new)\t") == true)
    try alice.expect("[FILES]:\tend=1")
    #expect(try alice.requestFile(old).head.code == "no-such-file")
    #expect(try alice.download(new) == Array("new".utf8))
    // Later ones are noticed, too.
    for name in try contents() { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
    try Self.skip(alice, to: "[NOTICE]:Files that were sent before are gone: 1 of 1.")
  }

  @Test("a folder that no file lies in is gone: it is made anew, and nobody is told")
  func lostPartials() throws {
    let server = try TestServer("--log-level", "warning")
    let alice = try server.joinSpeaking("alice")
    let old = try Self.sendFile(alice, "old.txt", "old")
    try Self.shell("rm -r D/files/partial D/files/sums", server.data)
    try eventually("it is noticed") { server.program.errors.contains("is made anew") }
    #expect(try alice.download(old) == Array("old".utf8))
    _ = try Self.sendFile(alice, "new.txt", "new")
    #expect(!server.program.errors.contains("are gone"))
  }

  @Test("the history is gone and the files are not: they are known after a new start, too")
  func keptFiles() throws {
    let data = try TestFolder()
    var id = ""
    do {
      let server = try TestServer("--log-level", "warning", data: data)
      let alice = try server.joinSpeaking("alice", room: "#files")
      id = try Self.sendFile(alice, "report.txt", "42")
      _ = try Self.go(alice, to: "lobby")
      try Self.shell("rm D/history.db*", data)
      try Self.skip(alice, to: "[NOTICE]:The history was lost")
      server.program.signal(SIGTERM)
      #expect(try server.program.exitCode() == 0)
    }
    let server = try TestServer("--log-level", "warning", data: data)
    let dave = try server.joinSpeaking("dave", room: "#files")
    try dave.send("[FILES]:\n")
    #expect(try dave.line()?.hasPrefix("[FILES]:report.txt\tid=\(id)\tfrom=alice\tsize=2") == true)
    try dave.expect("[FILES]:\tend=1")
    #expect(try dave.download(id) == Array("42".utf8))
  }

  /// Sends a file, and takes everything up to its offer.
  ///
  /// - Returns: the server's id of it.
  private static func sendFile(
    _ socket: TestSocket, _ name: String, _ text: String
  ) throws -> String {
    try socket.send("[FILE]:\(name)\n\(text)<END>\n")
    while let line = try socket.line() {
      let fields = line.split(separator: "\t")
      guard line.hasPrefix("[FILE]:\(name)\t"), fields.count > 2, fields[1].hasPrefix("id=") else {
        guard !line.hasPrefix("[ERROR]") else { throw Failure(line) }
        continue
      }
      return String(fields[1].dropFirst(3))
    }
    throw Failure("the end")
  }
}
