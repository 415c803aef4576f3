package import ChatFlags
package import ChatHTTP
internal import ChatHistory
package import ChatSystem

/// The options of `chat-server`.
package struct ServerOptions: Sendable {
  /// The hosts to listen on: every address of each.
  package var hosts = [Address.standard.host]
  /// The port; 0 takes any free one.
  package var port = Address.standard.port
  /// The most clients at a time.
  package var maxClients = 10_000
  /// The most connections from one address; this machine's own may have any number.
  package var maxPerAddress = 100
  /// The files of the certificate and its key, in PEM; `nil` for one of the server's own.
  package var tlsCertificate: FilePath?
  package var tlsKey: FilePath?
  /// How long the first bytes of a connection are waited for: who says nothing is greeted. `nil` for as long as it takes
  /// where a client comes from.
  package var greetingDelay: Duration?
  /// Other machines have to come with TLS.
  package var needsTLS = false
  /// Lines a second from one client; 0 means no limit.
  package var rate = 100
  /// The time limit for the handshake.
  package var handshakeTimeoutSeconds = 60
  /// How long a client may not read its pending output.
  package var readerTimeoutSeconds = 60
  /// The same.
  var readerTimeout: Duration { .seconds(readerTimeoutSeconds) }
  /// The folder of the history and the files; `nil` to store nothing.
  package var dataFolder: FilePath?
  /// How many bytes the journal holds.
  package var journalBytes = 64_028_672
  /// Lines are on the disk, not only in the system's memory, before they are sent.
  package var isDurable = false
  /// How long a private room outlives its last member.
  package var roomTimeToLive = Duration.seconds(86_400)
  /// The largest file accepted, in bytes.
  package var maxFileBytes: UInt64 = 100_000_000
  /// The most bytes of all files together.
  package var maxFilesBytes: UInt64 = 10_000_000_000
  /// The clock; a test sets it.
  package var clock: @Sendable () -> ClockReading = { .now }
  /// How fast uploads and downloads have to be. Not on the command line: the protocol says it.
  package var transferRules = TransferTable.Rules()
  /// Whether browsers and other programs of HTTP are served.
  package var servesHTTP = true
  /// Whose pages may connect by WebSocket.
  package var webOrigins: Set<WebOrigin> = []
  /// Whether the start shows a QR code of the link; `nil` at a terminal alone.
  package var showsQRCode: Bool?
  /// Whether other machines may read the numbers at `/metrics`.
  package var metricsArePublic = false
  /// How much the log says.
  package var logLevel = LogLevel.info

  /// How many descriptors may be open besides the clients': of uploads, downloads, the history, and the rest.
  package static let otherDescriptors =
    TransferSlots.uploadLimit + TusUploads.openLimit + SharedContents.limit + 128

  /// What to do.
  package enum Command: Sendable {
    case run(ServerOptions)
    case export(ExportOptions)
    case help
    case version
  }

  /// The version of both programs.
  package static let version = "0.1.0"

  /// Makes the defaults.
  package init() {}

  /// Parses a command line, without the program's name.
  ///
  /// - Parameter stateFolder: the data folder's default.
  /// - Throws: `UsageError` for the person who typed it.
  package static func parse(
    _ arguments: [[UInt8]], stateFolder: FilePath
  ) throws(UsageError) -> Command {
    if arguments.first == Array("export".utf8) {
      return try ExportOptions.parse(Array(arguments.dropFirst()), stateFolder: stateFolder)
    }
    var options = ServerOptions()
    options.dataFolder = stateFolder
    var keepsHistory = true
    var parser = FlagParser(arguments)
    var hosts: [String] = []
    var origins: Set<WebOrigin> = []
    while let item = try parser.next() {
      switch item {
      case .flag("--host"): hosts.append(try parser.value())
      case .flag("--port"): options.port = UInt16(try parser.integer(in: 0...65_535))
      case .flag("--max-clients"): options.maxClients = try parser.integer(in: 1...1_000_000)
      case .flag("--tls-cert"): options.tlsCertificate = FilePath(try parser.bytes())
      case .flag("--tls-key"): options.tlsKey = FilePath(try parser.bytes())
      case .flag("--greet-after"):
        options.greetingDelay = .milliseconds(try parser.integer(in: 0...10_000))
      case .flag("--tls-only"): options.needsTLS = true
      case .flag("--max-per-address"):
        options.maxPerAddress = try parser.integer(in: 1...1_000_000)
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
      case .flag("--reader-timeout"):
        options.readerTimeoutSeconds = try parser.integer(in: 1...86_400)
      case .flag("--data"): options.dataFolder = FilePath(try parser.bytes())
      case .flag("--no-history"): keepsHistory = false
      case .flag("--durable"): options.isDurable = true
      case .flag("--journal"): options.journalBytes = try parser.journalSize()
      case .flag("--room-ttl"): options.roomTimeToLive = try parser.duration("--room-ttl")
      case .flag("--max-file"): options.maxFileBytes = try parser.size()
      case .flag("--max-files"): options.maxFilesBytes = try parser.size()
      case .flag("--no-http"): options.servesHTTP = false
      case .flag("--web-origin"): origins.insert(try parser.webOrigin())
      case .flag("--qr"): options.showsQRCode = true
      case .flag("--no-qr"): options.showsQRCode = false
      case .flag("--metrics-public"): options.metricsArePublic = true
      case .flag("--help"), .flag("-h"):
        try parser.endFlag()
        return .help
      case .flag("--version"):
        try parser.endFlag()
        return .version
      case .flag: throw parser.unknownFlag
      case .operand(let word): throw UsageError("unexpected '\(word)'")
      }
    }
    if !hosts.isEmpty { options.hosts = hosts }
    options.webOrigins = origins
    guard (options.tlsCertificate == nil) == (options.tlsKey == nil) else {
      throw UsageError("--tls-cert and --tls-key belong together")
    }
    if !keepsHistory { options.dataFolder = nil }
    return .run(options)
  }

  /// How long the first bytes of a connection from there are waited for. Over a network a packet may have to be sent
  /// again, which takes 200 ms (RFC 6298 in Linux): a browser that is greeted before shows nothing.
  package func greetingDelay(for address: Address) -> Duration {
    greetingDelay ?? .milliseconds(address.isLoopback ? 50 : 300)
  }

  /// The text of `--help`.
  package static let help = """
    Usage: chat-server [FLAG]…
           chat-server export --room NAME [--data DIR] [--format text|json]
    Chat rooms for your network, for chat-client, nc and browsers, on one port.
    "export" prints a room's history, whether or not a server runs.

    Network:
      --host ADDR            listen there, on all addresses of a name; several times
                             for more (default 127.0.0.1; :: lets other machines in)
      --port N               port to listen on, 0 for any free one (default 55555)
      --tls-cert F           a certificate and its key, PEM files, read again on
      --tls-key F            SIGHUP (default: one of its own, in the data folder)
      --tls-only             other machines must come with TLS
      --greet-after MS       greet who says nothing for so long 
                             (default 50, from other machines 300)
      --no-http              no web page, no metrics
      --metrics-public       other machines may read /metrics, too
      --web-origin URL       its pages may connect, too; several times for more
      --qr, --no-qr          a QR code of the link, or none (default: at a terminal)
    History and files:
      --data DIR             kept there (default $XDG_STATE_HOME/chat-server,
                             else ~/.local/state/chat-server)
      --no-history           keep nothing on disk, and take no files
      --max-file SIZE        the largest file taken (default 100M)
      --max-files SIZE       all kept files; the oldest go first (default 10G)
      --durable              lines are on the disk before anyone is sent them
      --journal SIZE         holds lines while the disk is busy (default 64M)
      --room-ttl D           how long an empty private room lives (default 24h)
    Limits:
      --max-clients N        connections; one more is closed (default 10000)
      --max-per-address N    those of one address of another machine (default 100)
      --rate N               lines a second from one client, 0 for any (default 100)
      --handshake-timeout S  seconds a client may take for its nickname (default 60)
      --reader-timeout S     seconds a client may read nothing (default 60)
    Other:
      --log-level L          error, warning, info (the default) or debug
      --help                 show this
      --version              show the version
    Prints "chat HOST:PORT" and "web URL" once it listens; SIGINT, SIGTERM end it.
    Exit: 0 ended, 1 could not start, 2 wrong usage.

    """
}

extension FlagParser {
  /// The current flag's value as the origin of web pages.
  ///
  /// - Throws: `UsageError` if it isn't one.
  fileprivate mutating func webOrigin() throws(UsageError) -> WebOrigin {
    let text = try value()
    guard let origin = WebOrigin(text) else {
      throw UsageError("--web-origin takes http(s)://HOST or http(s)://HOST:PORT, not '\(text)'")
    }
    return origin
  }

  /// The current flag's value as the size of the journal, in whole units of 64 KiB.
  ///
  /// - Throws: `UsageError` if it isn't one.
  fileprivate mutating func journalSize() throws(UsageError) -> Int {
    let size = try size()
    guard Journal.sizes.contains(size) else {
      throw UsageError("--journal takes a size from 1M to 64G")
    }
    return Int((size + 65_535) / 65_536 * 65_536)
  }

  /// The current flag's value as a time: `90s`, `30m`, `24h`, `7d`.
  ///
  /// - Throws: `UsageError` if it isn't one.
  fileprivate mutating func duration(_ flag: String) throws(UsageError) -> Duration {
    let text = try value()
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
      1...1_000_000 ~= count
    else { throw UsageError("\(flag) takes a time such as 90s, 30m, 24h or 7d, not '\(text)'") }
    return .seconds(count * unit)
  }
}
