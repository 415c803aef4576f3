import ChatClient
import ChatClientModel
import ChatSystem
import ClientTestKit
import TestKit
import Testing

/// The whole client, its threads and sockets included, in the test's own process.
@Suite("Client", .timeLimit(.minutes(1)))
struct ClientTests {
  @Test("a nickname is asked for until the server accepts one; the input's end is the client's")
  func nicknames() throws {
    let server = try FakeServer()
    let output = RecordedOutput()
    let input = ScriptedInput(answers: ["you", "bob", "alice"], lines: ["hello"])
    var options = ClientOptions()
    options.addresses = [try #require(Address(server.address, defaultPort: 1))]
    let client = Client(
      options: options, isTyped: true, style: .terminal, input: input, output: output)
    let exit = RunningClient(client)
    try server.play(
      """
      accept
      S> NICK
      C< [HELLO]:1
      C< bob
      S> [ERROR]:'bob' is taken⇥code=nick-in-use
      accept
      S> NICK
      C< [HELLO]:1
      C< alice
      S> alice joined!
      S> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=1⇥max-file=0
      S> Connected to server!
      C< hello
      C< [PING]:chat-client-sent-1
      S> alice: hello
      S> [PONG]:chat-client-sent-1
      C< [QUIT]:
      S> Bye!
      cut
      """)
    #expect(exit.wait() == .left)
    #expect(input.questions == [String](repeating: "Choose your nickname: ", count: 3))
    let lines = output.take().map(\.description)
    #expect(lines.first?.hasPrefix("shown: ! ") == true)
    #expect(
      lines.dropFirst() == [
        "shown: ! 'bob' is taken", "shown: alice joined!", "shown: Connected to server!",
        "shown: alice: hello", "shown: Bye!",
      ])
  }

  @Test("where nothing listens, it says what to do and ends with 69")
  func unavailable() throws {
    let output = RecordedOutput()
    var options = ClientOptions()
    options.nickname = "alice"
    options.addresses = [Address(host: "127.0.0.1", port: 1)]
    let client = Client(
      options: options, isTyped: false, style: .plain, input: ScriptedInput(), output: output)
    #expect(client.run() == .unavailable)
    let lines = output.take().map(\.description)
    #expect(lines.count == 2)
    #expect(lines.first == "error: chat-client: cannot connect to 127.0.0.1:1: Connection refused")
    #expect(lines.last?.hasSuffix("chat-server --port 1` starts one.") == true)
  }
}

/// A client that runs on a thread of its own.
private final class RunningClient: Sendable {
  private let exit = Guarded<ClientExit?>(nil)

  init(_ client: Client) {
    do {
      try SystemThread.start(named: "client") { [self] in
        let exit = client.run()
        self.exit.withLock { $0 = exit }
        self.exit.wake()
      }
    } catch {
      Issue.record("\(error)")
    }
  }

  /// Waits until the client has ended.
  func wait() -> ClientExit { exit.wait { $0 } }
}
