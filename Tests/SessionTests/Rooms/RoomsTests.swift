import ChatCore
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Rooms", .serialized)
struct RoomsTests {
  @Test("a public room is made by whoever enters it, is listed, and has a stream of its own")
  func publicRoom() throws {
    var session = Transcript(try TestServer())
    try session.play(
      """
      alice connects
      alice> alice
      alice< NICK
      alice< alice joined!
      alice< Connected to server!
      bob connects
      bob> [HELLO]:1
      bob> [ROOM]:#Swift
      bob> bob
      bob< NICK
      bob< bob joined!
      bob< [WELCOME]:1⇥room=#swift⇥seq=1⇥members=1⇥max-file=100000000
      bob< Connected to server!
      bob> nobody hears me
      bob< bob: nobody hears me
      alice> [ROOMS]:
      alice< [ROOMS]:lobby=1 #swift=1⇥end=1
      alice> [ROOM]:#SWIFT
      alice< alice joined!
      alice< You are in #swift
      bob< alice joined!
      alice> hi bob
      alice< alice: hi bob
      bob< alice: hi bob
      bob> [ROOM]:lobby
      bob> [WHO]:
      alice< bob left!
      bob< bob joined!
      bob< [ROOM]:lobby⇥seq=3⇥members=1
      bob< [WHO]:bob⇥end=1
      alice> [ROOMS]:
      alice< [ROOMS]:lobby=1 #swift=1⇥end=1
      """)
  }

  @Test("a private room has a code, is not listed, and is entered by who knows it")
  func privateRoom() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    try alice.send("[NEWROOM]:\nsecret\n[ROOMS]:\n")
    try alice.expect("alice joined!")
    let answer = try alice.line() ?? ""
    let code = String(answer.dropFirst("You are in ".count))
    #expect(try RoomName(code).kind == .private, "\(answer)")
    try alice.expect("alice: secret")
    try alice.expect("[ROOMS]:lobby=0\tend=1")
    let bob = try server.join("bob")
    try bob.send("[ROOM]:\(code)\n")
    try bob.expect("bob joined!")
    try bob.expect("You are in \(code)")
    try alice.expect("bob joined!")
    try alice.send("[NEWROOM]:\n")
    try alice.expect("alice joined!")
    #expect(try alice.line() != "You are in \(code)")
  }

  @Test(
    "a private room outlives its last member, then it and its history are gone",
    arguments: [true, false])
  func expiry(keepsHistory: Bool) throws {
    let server =
      keepsHistory
      ? try TestServer("--room-ttl", "3s", "--log-level", "info")
      : try TestServer("--room-ttl", "3s", "--log-level", "info", "--no-history")
    let alice = try server.join("alice")
    try alice.send("[NEWROOM]:\nunforgettable\n")
    try alice.expect("alice joined!")
    let code = String((try alice.line() ?? "").dropFirst("You are in ".count))
    try alice.expect("alice: unforgettable")
    try alice.send("[ROOM]:lobby\n")
    try alice.expect("alice joined!")
    try alice.expect("You are in lobby")
    try alice.send("[ROOM]:\(code)\tsince=0\n[ROOM]:lobby\n")
    try alice.expect("alice joined!")
    try alice.expect("You are in \(code)")
    var past: [Substring] = []
    while let line = try alice.line(), line != "[PAST]:\tend=1" {
      past.append(line.split(separator: "\t")[0])
    }
    #expect(
      past
        == (keepsHistory
          ? ["[PAST]:alice joined!", "[PAST]:alice: unforgettable", "[PAST]:alice left!"] : []))
    try alice.expect("alice joined!")
    try alice.expect("You are in lobby")
    try eventually("the room is gone") {
      // The handshake says whether there is such a room without entering it, which would keep it.
      let socket = try server.connect()
      try socket.send("[ROOM]:\(code)\n[PING]:there\n")
      try socket.expect("NICK")
      let line = try socket.line() ?? ""
      #expect(line == "[PONG]:there" || line.hasSuffix("\tcode=room-not-found"))
      return line != "[PONG]:there"
    }
    guard keepsHistory else { return }
    try eventually("its lines are gone") {
      let export = try Program(
        "chat-server", ["export", "--data", server.data.path, "--room", code])
      return try export.exitCode() == 1 && export.rest().isEmpty
    }
    for file in try FileManager.default.contentsOfDirectory(atPath: server.data.path)
    where file.hasSuffix(".db") {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(server.data.path)/\(file)"))
      #expect(bytes.range(of: Data("unforgettable".utf8)) == nil, "\(file)")
    }
  }

  @Test("whoever tries codes is slowed down, and then sent away; nobody else notices")
  func guessing() throws {
    let server = try TestServer("--log-level", "info")
    let alice = try server.join("alice")
    let mallory = try server.join("mallory")
    try alice.expect("mallory joined!")
    let start = MonotonicTime.now
    for number in 1...8 { try mallory.send("[ROOM]:abcde\(["A", "B", "C"][number % 3])\n") }
    for _ in 1...Limits.wrongRoomCodes { try mallory.expectError("room-not-found") }
    try mallory.expectError("too-many-tries")
    try mallory.expectEnd()
    #expect(MonotonicTime.now - start > .seconds(5))
    try alice.expect("mallory left!")
    try eventually("the log says why") {
      server.program.errors.contains("mallory left: too many tries")
    }
    let eve = try server.connect()
    try eve.expect("NICK")
    for number in 1...5 {
      try eve.send("[ROOM]:abcdef\n")
      try eve.expectError("room-not-found")
      if number < 5 { try eve.expect("NICK") }
    }
    try eve.expectError("too-many-tries")
    try eve.expectEnd()
  }

  @Test("rooms that are none are refused, and one stays where one is")
  func refused() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    for name in ["", "Lobby", "#", "#a b", "#a:b", "../etc", "abcde", "abcdefg", "#\u{202E}x"] {
      try alice.send("[ROOM]:\(name)\n")
      try alice.expectError("room-not-found")
    }
    for line in ["[ROOM]:lobby\tsince=-1", "[ROOM]:lobby\tsince=x", "[ROOM]:lobby\tsince="] {
      try alice.send(line + "\n")
      try alice.expectError("bad-tag")
    }
    try alice.send("here\n")
    try alice.expect("alice: here")
  }

  @Test("many moves in one packet, each line where it was said")
  func moves() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let bob = try server.connect()
    try bob.send("[ROOM]:#b\nbob\n")
    for line in ["NICK", "bob joined!", "Connected to server!"] { try bob.expect(line) }
    try alice.send(
      (0..<50).map { "[ROOM]:#b\nin b \($0)\n[ROOM]:lobby\nin the lobby \($0)\n" }.joined())
    for number in 0..<50 {
      try alice.expect("alice joined!")
      try alice.expect("You are in #b")
      try alice.expect("alice: in b \(number)")
      try alice.expect("alice joined!")
      try alice.expect("You are in lobby")
      try alice.expect("alice: in the lobby \(number)")
      try bob.expect("alice joined!")
      try bob.expect("alice: in b \(number)")
      try bob.expect("alice left!")
    }
    try bob.expectNothing()
  }

  @Test("a private message finds its receiver in whatever room, while it moves too")
  func messages() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let bob = try server.connect()
    try bob.send("[ROOM]:#b\nbob\n")
    for line in ["NICK", "bob joined!", "Connected to server!"] { try bob.expect(line) }
    try alice.send("[MSG]:bob psst\n")
    try alice.expect("[MSG]:alice psst\tto=bob")
    try bob.expect("[NOTICE]:alice tells you: psst")
    try bob.send((0..<100).map { "[ROOM]:#r\($0)\n" }.joined())
    try alice.send((0..<100).map { "[MSG]:bob \($0)\n" }.joined())
    for number in 0..<100 { try alice.expect("[MSG]:alice \(number)\tto=bob") }
    try bob.send("[PING]:end\n")
    var heard: [String] = []
    var rooms: [String] = []
    while let line = try bob.line(), line != "[PONG]:end" {
      if line.hasPrefix("[NOTICE]:alice tells you: ") { heard.append(String(line.dropFirst(26))) }
      if line.hasPrefix("You are in ") { rooms.append(String(line.dropFirst(11))) }
    }
    #expect(heard == (0..<100).map(String.init))
    #expect(rooms == (0..<100).map { "#r\($0)" })
  }

  @Test("rooms that nobody is in cost nothing")
  func emptyRooms() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    func visit(_ count: Int, from first: Int) throws {
      for number in first..<first + count {
        try alice.send("[ROOM]:#room\(number)\nhello\n")
        try alice.expect("alice joined!")
        try alice.expect("You are in #room\(number)")
        try alice.expect("alice: hello")
      }
    }
    try visit(200, from: 0)
    let before = (server.residentBytes, server.descriptors)
    try visit(1_000, from: 200)
    let growth = server.residentBytes - before.0
    print("1,000 rooms: resident memory grew by \(growth / 1_024) KiB")
    #expect(server.descriptors <= before.1 + 1)
    if !Environment.isSanitized { #expect(growth < 16 * 1_024 * 1_024) }
    try alice.send("[ROOMS]:\n")
    try alice.expect("[ROOMS]:lobby=0 #room1199=1\tend=1")
  }

  @Test("one cannot come into a room twice, nor be in two")
  func where_() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    try alice.send("[ROOM]:lobby\n[ROOM]:lobby\n[WHO]:\n[ROOM]:#a\n[WHO]:\n[ROOMS]:\n")
    try alice.expect("You are in lobby")
    try alice.expect("You are in lobby")
    try alice.expect("[WHO]:alice\tend=1")
    try alice.expect("alice joined!")
    try alice.expect("You are in #a")
    try alice.expect("[WHO]:alice\tend=1")
    try alice.expect("[ROOMS]:lobby=0 #a=1\tend=1")
  }
}
