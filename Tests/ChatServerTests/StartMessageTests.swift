import ChatServer
import ChatSystem
import Testing

/// What the person who starts the server reads first.
@Suite("Start message")
struct StartMessageTests {
  private func message(_ hosts: String..., port: UInt16 = 55_555, data: FilePath? = "/var/lib/chat")
    -> String
  {
    StartMessage(
      addresses: hosts.map { Address(host: $0, port: port) },
      ownAddresses: ["192.168.1.5", "fd00::5"].map { Address(host: $0, port: port) },
      dataFolder: data, fingerprint: "SHA256:abc", program: "chat-server"
    ).text
  }

  @Test("the usual server says how to join, where the data is and how to stop")
  func usual() {
    #expect(
      message("127.0.0.1") == """
        Join:  chat-client
          or:  nc 127.0.0.1 55555
        Data:  /var/lib/chat
        Key:   SHA256:abc
        Stop:  Ctrl-C, or SIGTERM

        """)
  }

  @Test("all IPv4 addresses of the machine are named where it listens on 0.0.0.0")
  func all() {
    #expect(
      message("0.0.0.0", port: 7_000).hasPrefix(
        """
        Join:  chat-client 127.0.0.1:7000
          or:  nc 127.0.0.1 7000
        Join:  chat-client 192.168.1.5:7000
          or:  nc 192.168.1.5 7000
        Data:
        """))
  }

  @Test("where other machines have to come with TLS, they are told how")
  func tlsOnly() {
    let message = StartMessage(
      addresses: ["127.0.0.1", "192.168.1.5"].map { Address(host: $0, port: 7_000) },
      ownAddresses: [], dataFolder: nil, fingerprint: "SHA256:abc", needsTLS: true,
      program: "chat-server")
    #expect(message.text.contains("  or:  nc 127.0.0.1 7000\n"))
    #expect(message.text.contains("  or:  openssl s_client -quiet -connect 192.168.1.5:7000\n"))
  }

  @Test("IPv6 addresses are written as the client and nc read them")
  func version6() {
    let text = message("::")
    #expect(text.contains("Join:  chat-client 192.168.1.5\n"))
    #expect(text.contains("Join:  chat-client [fd00::5]\n"))
    #expect(text.contains("  or:  nc fd00::5 55555\n"))
    #expect(message("::1", port: 7_000).hasPrefix("Join:  chat-client [::1]:7000\n"))
  }

  @Test("the client is called as the server was, from the folder that holds both")
  func beside() {
    let message = StartMessage(
      addresses: [Address(host: "127.0.0.1", port: 55_555)], ownAddresses: [], dataFolder: nil,
      fingerprint: "SHA256:abc", program: ".build/release/chat-server")
    #expect(message.text.hasPrefix("Join:  .build/release/chat-client\n"))
  }

  @Test("a machine with many addresses has a few of them named")
  func many() {
    let all = (1...50).map { Address(host: "10.0.0.\($0)", port: 55_555) }
    let message = StartMessage(
      addresses: [Address(host: "0.0.0.0", port: 55_555)], ownAddresses: all, dataFolder: nil,
      fingerprint: "SHA256:abc",
      program: "chat-server")
    #expect(message.text.split(separator: "\n").count == 11)
    #expect(message.text.contains("--no-history"))
  }
}
