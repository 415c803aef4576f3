import ChatClient
import ChatFlags
import ChatSystem
import Testing

@Suite("ClientOptions")
struct ClientOptionsTests {
  @Test("the client's flags")
  func client() throws {
    guard
      case .run(let options) = try ClientOptions.parse([
        "--nick", "bob", "--no-images", "--json", "example:80", "--downloads=/tmp",
        "--no-reconnect", "--auto-accept", "2G", "--send", "a", "b", "--send=c", "--send", "--d",
      ])
    else {
      Issue.record("it does not run")
      return
    }
    #expect(options.nickname == "bob" && options.isJSON && !options.reconnects)
    #expect(ClientOptions().reconnects)
    #expect(options.downloadFolder == "/tmp" && options.autoAcceptBytes == 2_000_000_000)
    #expect(options.filesToSend == ["a", "c", "--d"])
    #expect(
      options.addresses
        == [Address(host: "example", port: 80), Address(host: "b", port: 55_555)])
    guard case .run(let defaults) = try ClientOptions.parse([] as [String]) else {
      Issue.record("it does not run")
      return
    }
    #expect(defaults.addresses == [Address(host: "127.0.0.1", port: 55_555)])
    for arguments in [
      ["--port", "5"], ["a", "b:"], ["--nick"], ["--nick", "a\nb"], ["--nick", "exit"],
      ["--nick", "{quit}"],
      ["--json=yes"], ["a:b"], ["--send"], ["--auto-accept", "2X"], ["--downloads"],
    ] {
      #expect(throws: UsageError.self) { try ClientOptions.parse(arguments) }
    }
  }

  @Test("every error names its flag")
  func errors() {
    for (arguments, flag) in [
      (["--help=yes"], "--help"), (["--send"], "--send"), (["--auto-accept="], "--auto-accept"),
      (["--nick", ""], "--nick"), (["--bogus"], "--bogus"),
    ] {
      #expect { try ClientOptions.parse(arguments) } throws: {
        ($0 as? UsageError)?.reason.contains(flag) == true
      }
    }
  }

  @Test("--help fits one screen and names every flag")
  func help() {
    let lines = ClientOptions.help.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 40)
    #expect(lines.allSatisfy { $0.count <= 80 })
    for flag in [
      "--nick", "--room", "--downloads", "--auto-accept", "--send", "--no-images", "--json",
      "--no-reconnect", "--help", "--version",
    ] {
      #expect(ClientOptions.help.contains("  \(flag)"))
    }
  }
}

extension ClientOptions {
  /// A command line that is text.
  fileprivate static func parse(_ arguments: [String]) throws -> Command {
    try parse(arguments.map { Array($0.utf8) })
  }
}
