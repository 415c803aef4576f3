import ChatCore
import ChatFlags
import ChatHTTP
import ChatHistory
import ChatServer
import ChatSystem
import Testing

@Suite("ServerOptions")
struct ServerOptionsTests {
  private static func server(_ arguments: [String]) throws -> ServerOptions.Command {
    try ServerOptions.parse(arguments.map { Array($0.utf8) }, stateFolder: "/state")
  }

  @Test("the server's flags")
  func server() throws {
    guard
      case .run(let options) = try Self.server([
        "--host", "::", "--port=0", "--rate", "0", "--max-clients", "5", "--log-level", "debug",
        "--handshake-timeout", "3", "--no-http", "--metrics-public", "--no-history", "--data",
        "/tmp",
      ])
    else {
      Issue.record("it does not run")
      return
    }
    #expect(options.hosts == ["::"] && options.port == 0)
    #expect(options.rate == 0 && options.maxClients == 5 && options.handshakeTimeoutSeconds == 3)
    #expect(options.logLevel == .debug)
    #expect(options.dataFolder == nil)
    guard
      case .run(let keeping) = try Self.server([
        "--durable", "--room-ttl", "30m", "--reader-timeout", "5",
      ])
    else {
      Issue.record("it does not run")
      return
    }
    #expect(keeping.dataFolder == "/state" && keeping.isDurable)
    #expect(keeping.roomTimeToLive == .seconds(1_800) && keeping.readerTimeoutSeconds == 5)
    for arguments in [
      ["--port", "65536"], ["--port", "x"], ["--log-level", "loud"], ["--rate", "-1"],
      ["--max-clients", "0"], ["--tls-nonsense"], ["stray"], ["--data"], ["--room-ttl", "24"],
      ["--room-ttl", "h"], ["--room-ttl", "0s"], ["--room-ttl", "-1h"], ["--durable=yes"],
    ] {
      #expect(throws: UsageError.self) { try Self.server(arguments) }
    }
  }

  @Test("the flags of the page: whose pages may connect, and the QR code")
  func page() throws {
    guard case .run(let usual) = try Self.server([]),
      case .run(let options) = try Self.server([
        "--web-origin", "https://A.example", "--web-origin=http://b.example:8080", "--qr",
      ]), case .run(let without) = try Self.server(["--no-qr"])
    else {
      Issue.record("it does not run")
      return
    }
    #expect(usual.webOrigins.isEmpty && usual.showsQRCode == nil)
    #expect(
      Set(options.webOrigins.map(\.description))
        == ["https://a.example", "http://b.example:8080"])
    #expect(options.showsQRCode == true && without.showsQRCode == false)
  }

  @Test("the flags of an export")
  func export() throws {
    guard
      case .export(let options) = try Self.server([
        "export", "--room", "#Swift", "--data", "/tmp", "--format=json",
      ])
    else {
      Issue.record("it does not export")
      return
    }
    #expect(options.room.text == "#swift" && options.folder == "/tmp" && options.format == .json)
  }

  @Test("every error names its flag")
  func errors() {
    for (arguments, flag) in [
      (["--room-ttl", "5x"], "--room-ttl"), (["--help=yes"], "--help"),
      (["--version=1"], "--version"), (["--port"], "--port"), (["--max-file", "x"], "--max-file"),
      (["--tls-nonsense=5"], "--tls-nonsense"), (["--rate=many"], "--rate"), (["-x"], "-x"),
      (["--web-origin", "https://a.example/"], "--web-origin"),
      (["--web-origin", "a.example"], "--web-origin"), (["--qr=yes"], "--qr"),
      (["export", "--format", "x"], "--format"), (["export", "--help=1"], "--help"),
      (["export"], "--room"), (["export", "--room", "#"], "--room"),
    ] {
      #expect { try Self.server(arguments) } throws: {
        ($0 as? UsageError)?.reason.contains(flag) == true
      }
    }
  }

  @Test("who comes over a network has more time to speak first")
  func greetingDelay() {
    var options = ServerOptions()
    #expect(options.greetingDelay(for: Address(host: "127.0.0.1", port: 1)) == .milliseconds(50))
    #expect(options.greetingDelay(for: Address(host: "192.168.1.5", port: 1)) == .milliseconds(300))
    options.greetingDelay = .zero
    #expect(options.greetingDelay(for: Address(host: "192.168.1.5", port: 1)) == .zero)
  }

  @Test("--help fits one screen and names every flag")
  func help() {
    let lines = ServerOptions.help.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 40)
    #expect(lines.allSatisfy { $0.count <= 80 })
    for flag in [
      "--host", "--port", "--max-clients", "--rate", "--handshake-timeout", "--log-level", "--data",
      "--no-history", "--durable", "--room-ttl", "--reader-timeout", "--no-http", "--greet-after",
      "--tls-cert", "--tls-key", "--tls-only",
      "--max-per-address",
      "--metrics-public", "--web-origin", "--qr, --no-qr", "--help",
      "--version",
    ] {
      #expect(ServerOptions.help.contains("  \(flag)"))
    }
  }
}
