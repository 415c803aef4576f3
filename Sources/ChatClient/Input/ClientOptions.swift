package import ChatFlags
package import ChatSystem
package import ChatTLS

/// What the command line of `chat-client` says.
package struct ClientOptions: Sendable {
  /// The version of the program.
  package static let version = "0.1.0"

  /// The addresses of the server, tried in turn.
  package var addresses = [Address.standard]
  /// The nickname; asked for if there is none.
  package var nickname: String?
  /// The room to enter; the server's default if there is none.
  package var room: String?
  /// Whether every event is displayed as a JSON object.
  package var isJSON = false

  /// Whether nothing is encrypted, wherever the server is.
  package var isPlain = false
  /// A file with the authorities that are trusted; the system's if there is none.
  package var authorities: FilePath?
  /// The key that the server has to have.
  package var fingerprint: KeyFingerprint?

  /// Whether the client reconnects after the connection was lost.
  package var reconnects = true

  /// Where files are saved; `nil` for where the program was started.
  package var downloadFolder: FilePath?
  /// Files up to this many bytes, and ten times as many in an hour, are fetched as they are offered; 0 for none.
  package var autoAcceptBytes: UInt64 = 16_000_000
  /// Whether images are drawn once they are saved, where a person sees them.
  package var showsImages = true
  /// The files to send before leaving. If there are any, standard input is not read.
  package var filesToSend: [FilePath] = []

  /// What the command line asks for.
  package enum Command: Sendable {
    case run(ClientOptions)
    case help
    case version
  }

  /// Makes the defaults.
  package init() {}

  /// Reads a command line, the program's name not included.
  ///
  /// - Throws: `UsageError` for the person who typed it.
  package static func parse(_ arguments: [[UInt8]]) throws(UsageError) -> Command {
    var options = ClientOptions()
    var parser = FlagParser(arguments)
    var addresses: [Address] = []
    while let item = try parser.next() {
      switch item {
      case .flag("--nick"): options.nickname = try word(parser.value(), for: "--nick")
      case .flag("--room"): options.room = try word(parser.value(), for: "--room")
      case .flag("--plain"): options.isPlain = true
      case .flag("--tls-ca"): options.authorities = FilePath(try parser.bytes())
      case .flag("--fingerprint"): options.fingerprint = try fingerprint(parser.value())
      case .flag("--json"): options.isJSON = true
      case .flag("--no-reconnect"): options.reconnects = false
      case .flag("--no-images"): options.showsImages = false
      case .flag("--downloads"): options.downloadFolder = FilePath(try parser.bytes())
      case .flag("--auto-accept"): options.autoAcceptBytes = try parser.size()
      case .flag("--send"): options.filesToSend.append(FilePath(try parser.bytes()))
      case .flag("--help"), .flag("-h"):
        try parser.endFlag()
        return .help
      case .flag("--version"):
        try parser.endFlag()
        return .version
      case .flag: throw parser.unknownFlag
      case .operand(let text):
        guard let address = Address(text, defaultPort: Address.standard.port) else {
          throw UsageError("invalid address '\(text)' (want HOST[:PORT])")
        }
        addresses.append(address)
      }
    }
    if !addresses.isEmpty { options.addresses = addresses }
    guard !options.isPlain || options.authorities == nil && options.fingerprint == nil else {
      throw UsageError("--plain goes with neither --tls-ca nor --fingerprint")
    }
    // The server takes these for the wish to leave.
    if let name = options.nickname, ["exit", "{quit}"].contains(name) {
      throw UsageError("--nick takes a name, not '\(name)'")
    }
    return .run(options)
  }

  private static func fingerprint(_ value: String) throws(UsageError) -> KeyFingerprint {
    guard let fingerprint = KeyFingerprint(value) else {
      throw UsageError("--fingerprint takes SHA256: and 43 characters, not '\(value)'")
    }
    return fingerprint
  }

  /// A value that goes into a line of the handshake has to stay in that line.
  private static func word(_ value: String, for flag: String) throws(UsageError) -> String {
    guard !value.isEmpty, !value.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
      throw UsageError("\(flag) takes a name, not '\(value)'")
    }
    return value
  }

  /// What `--help` prints.
  package static let help = """
    Usage: chat-client [FLAG]… [HOST[:PORT]]…
    Joins a chat server (default 127.0.0.1:55555); several are tried in turn.

      --nick NAME         your nickname; else you are asked, and without a terminal
                          it is the first line of standard input
      --room NAME         the room to enter: lobby (default), #name, or a private
                          room's code
      --downloads DIR     where files are saved, as received_NAME (default .)
      --auto-accept SIZE  files up to this are fetched as they are offered, and ten
                          times that in an hour: 500k, 16M (default); 0 for none
      --send PATH         send this file, and leave; may be given several times.
                          Standard input is not read
      --plain             no TLS; else every host but this machine needs it
      --tls-ca F          trust the authorities in this PEM file alone
      --fingerprint F     trust the key with this fingerprint, SHA256:…, alone
      --no-images         no pictures in the terminal (nor where NO_COLOR is set)
      --json              every event as one JSON object a line
      --no-reconnect      end when the connection is lost
      --help              show this
      --version           show the version

    A lost connection is tried again for two minutes; then what was missed is shown,
    and what had not arrived is sent again, or you are told that nobody can tell.

    On a terminal you type in a row at the bottom: Tab completes, Up and Down bring
    lines again. /help lists the commands; exit, {quit}, Ctrl-D, and Ctrl-C on an
    empty line leave.
    Without one, the lines of standard input are sent, those of the room are printed
    as they are, and errors and notices go to standard error. [PAST] lines that were
    asked for are printed as their text alone. At the end of input it waits until
    everything sent has come back and every file is done, and leaves; it gives up
    30 s after the last sign of life. A room refused or gone ends it.

    Exit: 0 left, 1 connection, lines, files or output lost (or perhaps lost), 2
    wrong usage or no nickname, 69 cannot connect, 77 nickname or key refused.

    """
}
