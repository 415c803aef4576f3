package import ChatFlags
package import ChatSystem

/// What the command line of `chat-server` says.
package struct ServerOptions: Sendable {
  /// Where to listen.
  package var address = Address(host: "127.0.0.1", port: 55_555)
  /// How many clients there may be.
  package var maxClients = 10_000
  /// Lines a second from one client; 0 means no limit.
  package var rate = 100
  /// How long a client may take to choose a nickname.
  package var handshakeTimeoutSeconds = 10
  /// How much the log tells.
  package var logLevel = LogLevel.info

  /// What the command line asks for.
  package enum Command: Sendable {
    case run(ServerOptions)
    case help
    case version
  }

  /// The version of both programs.
  package static let version = "0.1.0"

  /// Makes the defaults.
  package init() {}

  /// Reads a command line, the program's name not included.
  ///
  /// - Throws: `UsageError` for the person who typed it.
  package static func parse(_ arguments: [String]) throws(UsageError) -> Command {
    var options = ServerOptions()
    var parser = FlagParser(arguments)
    var host = options.address.host
    var port = Int(options.address.port)
    while let item = try parser.next() {
      switch item {
      case .flag("--host"): host = try parser.value()
      case .flag("--port"): port = try parser.integer(in: 0...65_535)
      case .flag("--max-clients"): options.maxClients = try parser.integer(in: 1...1_000_000)
      case .flag("--rate"): options.rate = try parser.integer(in: 0...1_000_000_000)
      case .flag("--handshake-timeout"):
        options.handshakeTimeoutSeconds = try parser.integer(in: 1...86_400)
      case .flag("--log-level"):
        let name = try parser.value()
        guard let level = LogLevel(name: name) else {
          throw UsageError(
            "--log-level takes one of error, warning, info and debug, not '\(name)'")
        }
        options.logLevel = level
      // This version has neither a web page nor anything to keep, so there is nothing to switch
      // off and nothing to put there.
      case .flag("--no-web"), .flag("--no-history"): break
      case .flag("--data"): _ = try parser.value()
      case .flag("--help"), .flag("-h"): return .help
      case .flag("--version"): return .version
      case .flag: throw parser.unknownFlag
      case .operand(let word): throw UsageError("unexpected '\(word)'")
      }
    }
    options.address = Address(host: host, port: UInt16(port))
    return .run(options)
  }

  /// What `--help` prints.
  package static let help = """
    Usage: chat-server [FLAG]…
    A chat room for your network: people join with chat-client, or with nc.

    Network:
      --host ADDR            address to listen on (default 127.0.0.1; 0.0.0.0 or ::
                             lets other machines in)
      --port N               port to listen on, 0 for any free one (default 55555)

    Limits:
      --max-clients N        one more is told server-full and closed (default 10000)
      --rate N               lines a second from one client, with a burst of ten
                             times that; who sends faster is read more slowly, and
                             nothing is dropped; 0 for no limit (default 100)
      --handshake-timeout S  seconds a client may take for its nickname (default 10)

    Storage and web (this version keeps nothing on disk and has no web page;
    scripts written for later ones can say so already):
      --data DIR             where to keep things
      --no-history           keep nothing
      --no-web               no web page

    Other:
      --log-level L          error, warning, info or debug, on standard error
                             (default info)
      --help                 show this
      --version              show the version

    Once it listens, it prints "chat HOST:PORT". SIGINT and SIGTERM end it politely,
    a second one at once. Exit: 0 ended, 1 could not start, 2 wrong usage.

    """
}
