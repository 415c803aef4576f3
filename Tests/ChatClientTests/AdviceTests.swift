import ChatClient
import ChatSystem
import Testing

@Suite("What to do where nothing listens")
struct AdviceTests {
  @Test(
    "the command starts a server at this address",
    arguments: [
      ("127.0.0.1:55555", "chat-server"), ("localhost:7", "chat-server --port 7"),
      ("[::1]:1", "chat-server --host ::1 --port 1"),
      ("127.0.0.2:55555", "chat-server --host 127.0.0.2"),
      ("[::ffff:127.0.0.1]:1", "chat-server --host ::ffff:127.0.0.1 --port 1"),
      ("192.0.2.1:7", "chat-server --host 0.0.0.0 --port 7"),
      ("[2001:db8::1]:7", "chat-server --host :: --port 7"),
    ])
  func command(_ text: String, _ expected: String) throws {
    let address = try #require(Address(text, defaultPort: 55_555))
    let advice = try #require(Client.advice(for: address))
    #expect(advice.contains("\(expected)` starts one."), "\(advice)")
  }

  @Test("there is none for port 0, where nothing can listen")
  func portZero() {
    #expect(Client.advice(for: Address(host: "127.0.0.1", port: 0)) == nil)
  }
}
