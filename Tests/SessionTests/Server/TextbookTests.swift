import TestKit
import Testing

/// The session every textbook has, against the real server.
@Suite("Textbook", .timeLimit(.minutes(1)))
struct TextbookTests {
  @Test("Alice, Bob and Charlie talk, and Charlie leaves")
  func sockets() throws {
    var session = Transcript(try TestServer())
    try session.play(
      """
      alice connects
      alice< NICK
      alice> Alice
      alice< Alice joined!
      alice< Connected to server!
      bob connects
      bob< NICK
      bob> Bob
      bob< Bob joined!
      bob< Connected to server!
      alice< Bob joined!
      charlie connects
      charlie< NICK
      charlie> Charlie
      charlie< Charlie joined!
      charlie< Connected to server!
      alice< Charlie joined!
      bob< Charlie joined!
      alice> Hello everyone!
      alice< Alice: Hello everyone!
      bob< Alice: Hello everyone!
      charlie< Alice: Hello everyone!
      charlie closes
      alice< Charlie left!
      bob< Charlie left!
      """)
  }

  /// The same with Bob in another program, whose standard streams are his keyboard and screen.
  private func play(
    _ server: TestServer, bob: Program, seesPrompt: Bool, chooses: String?
  ) throws {
    let alice = try server.join("Alice")
    func see(_ line: String) throws {
      let seen = try bob.line()
      guard seen == line else { throw Failure("Bob saw \(seen ?? "the end"), not '\(line)'") }
    }
    _ = alice
    if seesPrompt { try see("NICK") }
    if let chooses { try bob.type(chooses) }
    try see("Bob joined!")
    if seesPrompt { try see("Connected to server!") }
    try alice.expect("Bob joined!")
    let charlie = try server.join("Charlie")
    try alice.expect("Charlie joined!")
    try see("Charlie joined!")
    try alice.send("Hello everyone!\n")
    for socket in [alice, charlie] { try socket.expect("Alice: Hello everyone!") }
    try see("Alice: Hello everyone!")
    try bob.type("Hello Alice!\n")
    for socket in [alice, charlie] { try socket.expect("Bob: Hello Alice!") }
    try see("Bob: Hello Alice!")
    try charlie.send("exit\n")
    try charlie.expect("Bye!")
    try charlie.expectEnd()
    try alice.expect("Charlie left!")
    try see("Charlie left!")
    try bob.endInput()
    try alice.expect("Bob left!")
  }

  @Test("the same with nc for Bob")
  func netcat() throws {
    let server = try TestServer()
    let bob = try Program("nc.openbsd", ["-N", "127.0.0.1", "\(server.port)"])
    try play(server, bob: bob, seesPrompt: true, chooses: "Bob\n")
  }

  @Test("the same with chat-client for Bob")
  func client() throws {
    let server = try TestServer()
    let bob = try Program("chat-client", ["--nick", "Bob", server.address])
    try play(server, bob: bob, seesPrompt: false, chooses: nil)
    #expect(try bob.exitCode() == 0)
  }

  /// A client as a first course has it.
  private static let pythonClient = """
    import socket, sys, threading

    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))

    def receive():
        for line in server.makefile(encoding="utf-8"):
            print(line, end="", flush=True)

    receiver = threading.Thread(target=receive)
    receiver.start()
    for line in sys.stdin:
        server.sendall(line.encode())
    server.shutdown(socket.SHUT_WR)
    receiver.join()
    """

  @Test("the same with twenty lines of Python for Bob")
  func python() throws {
    let server = try TestServer()
    let bob = try Program("python3", ["-c", Self.pythonClient, "\(server.port)"])
    try play(server, bob: bob, seesPrompt: true, chooses: "Bob\n")
    #expect(try bob.exitCode() == 0)
  }
}
