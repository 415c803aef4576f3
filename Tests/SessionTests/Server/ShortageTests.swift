import ChatSystem
import Foundation
import TestKit
import Testing

/// What becomes of clients when the system gives the server no more memory or descriptors.
@Suite("Shortage", .serialized, .timeLimit(.minutes(4)))
struct ShortageTests {
  /// The sanitizer takes all the address space there is.
  private static var isLimited: Bool { !Environment.isSanitized }

  private static func limit(_ server: TestServer, _ limit: String) throws {
    let program = try Program("prlimit", ["--pid", "\(server.program.pid)", limit])
    guard try program.exitCode() == 0 else { throw Failure("prlimit: \(program.errors)") }
  }

  /// How a client fares that wants a room of its own.
  private enum Fate { case isIn, isRefused, isCut }

  private static func fate(of socket: TestSocket) -> Fate {
    do {
      while let line = try socket.line() {
        if line == "Connected to server!" { return .isIn }
        if line.hasSuffix("\tcode=server-full") { return .isRefused }
      }
    } catch {
      // What the server could not even say is as good as said.
    }
    return .isCut
  }

  /// Lets so many come at once, each into a room of its own, and go again.
  ///
  /// - Returns: how many were let in, and how many were told that they were not.
  private static func crowd(
    _ server: TestServer, _ count: Int, _ round: Int
  ) throws -> (isIn: Int, isRefused: Int, isCut: Int) {
    var sockets: [TestSocket] = []
    for number in 0..<count {
      let socket = try server.connect()
      // One that is refused at once takes nothing any more.
      try? socket.send("[ROOM]:#r\(round)x\(number)\nu\(round)x\(number)\n")
      sockets.append(socket)
    }
    let fates = sockets.map { fate(of: $0) }
    return (
      fates.count { $0 == .isIn }, fates.count { $0 == .isRefused }, fates.count { $0 == .isCut }
    )
  }

  /// The honest client says something, and hears it.
  private static func talk(_ alice: TestSocket, _ text: String) throws {
    try alice.send("\(text)\n")
    while let line = try alice.line() {
      if line == "alice: \(text)" { return }
      // Others come and go.
      guard line.hasSuffix("!") else { throw Failure(line) }
    }
    throw Failure("the end")
  }

  @Test(
    "too little memory for all: some are refused, the others go on, and it recovers",
    .enabled(if: isLimited, "the thread sanitizer takes all the address space there is"),
    arguments: [1, 8, 20, 40, 80, 160, 300, 600], [[], ["--no-history"]])
  func memory(_ megabytes: Int, _ arguments: [String]) throws {
    let server = try TestServer(arguments: arguments + ["--rate", "0", "--log-level", "error"])
    let alice = try server.join("alice")
    try Self.talk(alice, "before")
    try Self.limit(server, "--as=\(server.addressSpaceBytes + megabytes << 20):unlimited")
    for round in 0..<2 {
      let fates = try Self.crowd(server, 400, round)
      print("\(megabytes) MiB \(arguments): \(fates)")
      #expect(fates.isIn + fates.isRefused + fates.isCut == 400)
      try Self.talk(alice, "round \(round)")
      try eventually("they are gone") { server.threads < 40 }
    }
    try Self.limit(server, "--as=unlimited:unlimited")
    try eventually("others are let in") {
      let socket = try server.connect()
      try socket.send("[ROOM]:#again\nzed\n")
      return Self.fate(of: socket) == .isIn
    }
    try Self.talk(alice, "after")
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode() == 0)
  }

  @Test("too few descriptors for all: some are refused, the others go on, and it recovers")
  func descriptors() throws {
    let server = try TestServer("--rate", "0", "--log-level", "error")
    let alice = try server.join("alice")
    let limit = server.descriptors + 40
    try Self.limit(server, "--nofile=\(limit):")
    for round in 0..<3 {
      let fates = try Self.crowd(server, 100, round)
      #expect(fates.isIn >= 10 && fates.isRefused >= 50 && fates.isCut == 0, "\(fates)")
      try Self.talk(alice, "round \(round)")
      try eventually("they are gone") { server.descriptors < limit - 30 }
      // The first one after that, too.
      _ = try server.join("bob\(round)")
    }
  }

  @Test("what thousands took is given back a moment later, while somebody stays")
  func givenBack() throws {
    let count = Environment.isSanitized ? 100 : 2_500
    ChatSystem.Process.raiseDescriptorLimit()
    let server = try TestServer("--log-level", "error")
    let alice = try server.join("alice")
    try Self.talk(alice, "before")
    let before = server.residentBytes
    for _ in 0..<3 {
      var sockets: [TestSocket] = []
      for _ in 0..<count {
        let socket = try server.connect()
        try socket.send("[ROOM]:abcdef\n")
        sockets.append(socket)
      }
      try eventually("they are there", within: .seconds(60)) { server.threads > count }
      sockets = []
      try eventually("they are gone", within: .seconds(60)) { server.threads < 40 }
    }
    try eventually("their memory is back") {
      Environment.isSanitized || server.residentBytes - before < 10 << 20
    }
    print("resident memory: \(before >> 10) KiB before, \(server.residentBytes >> 10) KiB after")
    try Self.talk(alice, "after")
  }
}
