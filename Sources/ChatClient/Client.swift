package import ChatClientModel
internal import ChatCore
package import ChatSystem

/// The chat client: connects and gets a nickname; what follows runs on `ClientThreads`.
package final class Client: Sendable {
  /// How long the first handshake may take.
  private static let handshakeTimeout: Duration = .seconds(15)

  private let options: ClientOptions
  private let renderer: Renderer
  /// Whether a person types: lines are commands then, and questions can be asked.
  private let isTyped: Bool
  private let input: any ClientInput
  private let output: any ClientOutput
  /// The standard streams; `nil` if `input` and `output` were given.
  private let console: Console?
  private let folder: Result<DownloadFolder, SystemError>
  private let trust: ServerTrust

  /// Makes a client of the standard streams, and the folder that files are saved in if it was named; all else is
  /// `run`'s.
  package convenience init(options: ClientOptions) {
    let isTyped = StandardStream.input.isTerminal && options.filesToSend.isEmpty
    let style: Renderer.Style =
      if options.isJSON {
        .json
      } else if StandardStream.output.isTerminal {
        .terminal
      } else {
        .plain
      }
    // Not everybody wants colours, and images are colours (https://no-color.org).
    let console = Console(
      isTyped: isTyped && style == .terminal, hasStatus: !options.filesToSend.isEmpty,
      showsImages: options.showsImages && style == .terminal
        && Process.variable("NO_COLOR") ?? "" == "")
    let input = LineInput(
      terminal: console.terminal, isTyped: isTyped,
      questions: style == .terminal ? .output : .error, output: console)
    self.init(
      options: options, isTyped: isTyped, style: style, input: input, output: console,
      console: console)
  }

  /// Makes a client of any input and output.
  ///
  /// - Parameters:
  ///   - isTyped: a person types the input.
  ///   - style: who reads the output.
  package convenience init(
    options: ClientOptions, isTyped: Bool, style: Renderer.Style, input: any ClientInput,
    output: any ClientOutput
  ) {
    self.init(
      options: options, isTyped: isTyped, style: style, input: input, output: output, console: nil)
  }

  private init(
    options: ClientOptions, isTyped: Bool, style: Renderer.Style, input: any ClientInput,
    output: any ClientOutput, console: Console?
  ) {
    (self.options, self.isTyped, self.console) = (options, isTyped, console)
    (self.input, self.output) = (input, output)
    trust = ServerTrust(options)
    renderer = Renderer(style: style) { LocalTime.text(of: $0) }
    let path: FilePath = options.downloadFolder ?? "."
    // A folder that was named is made; the current one is there.
    let isNamed = options.downloadFolder != nil
    folder = Result { () throws(SystemError) in
      if isNamed { try Folder.make(path) }
      return try DownloadFolder(path: path)
    }
  }

  /// Does it all, and says how it ended.
  package func run() -> ClientExit {
    defer { console?.finish() }
    do throws(ClientExit) {
      try checkFilesToSend()
      // A folder that was not asked for is missed only when there is something to save.
      if case .failure(let error) = folder, let path = options.downloadFolder {
        output.complain("--downloads: cannot write to \(path): \(error.reason)")
        throw .wrongUsage
      }
      // A pipe without a reader is no reason to leave the terminal as it is, nor a connection that is gone to end
      // without a word. A file that can't grow any more is an error like a full disk.
      Process.ignoreBrokenPipes()
      Process.ignoreFileSizeLimit()
      let (threads, connection) = try connect()
      return threads.run(connection, sending: options.filesToSend)
    } catch {
      return error
    }
  }

  /// Reports files that can't be sent before anything is connected.
  private func checkFilesToSend() throws(ClientExit) {
    var areReadable = true
    for path in options.filesToSend {
      do { try PreparedFile.check(path) } catch {
        output.complain("--send: cannot read '\(path)': \(error.reason)")
        areReadable = false
      }
    }
    guard areReadable else { throw .wrongUsage }
  }

  // MARK: Connecting

  /// Asks for a nickname until the server takes one: with a connection for each, so that a person may think about it
  /// for longer than the server waits.
  private func connect() throws(ClientExit) -> (ClientThreads, Connection) {
    var given = options.nickname
    while true {
      guard let choice = given ?? askForNickname() else {
        if isTyped { throw .left }
        output.complain("no nickname: neither --nick nor a line of standard input has one")
        throw .wrongUsage
      }
      guard choice != "exit", choice != "{quit}" else { throw .left }
      given = nil
      switch try connect(as: choice) {
      case .success(let entered): return entered
      case .failure(let refusal):
        guard isTyped else {
          output.complain(refusal.reason)
          throw .refused
        }
        var display = Display(renderer: renderer, output: output)
        try display.display(
          .control(.error(code: refusal.code, reason: refusal.reason)), nickname: "")
        try display.flush()
      }
    }
  }

  private func askForNickname() -> String? {
    input.answer(to: "Choose your nickname: ").map { TextCleaner.clean($0.span) }
  }

  /// Connects with a nickname.
  ///
  /// - Returns: the client and its first connection, or why the nickname is not available.
  private func connect(
    as choice: String
  ) throws(ClientExit) -> Result<(ClientThreads, Connection), NicknameRefused> {
    let nickname: Nickname
    do { nickname = try Nickname(choice) } catch {
      return .failure(NicknameRefused(code: error.code.rawValue, reason: error.reason))
    }
    var advice: String?
    for address in options.addresses {
      if let result = try connect(to: address, as: nickname, &advice) { return result }
    }
    if let advice { output.complain(advice) }
    throw .unavailable
  }

  /// Connects to one of the addresses.
  ///
  /// - Parameter advice: what to do about the first address where nothing listens.
  /// - Returns: the same; `nil` if no client is let in there, which has been reported.
  private func connect(
    to address: Address, as nickname: Nickname, _ advice: inout String?
  ) throws(ClientExit) -> Result<(ClientThreads, Connection), NicknameRefused>? {
    if options.isPlain, isTyped, !address.isLoopback {
      output.complain("--plain: whoever is on the way to \(address.host) can read what is said")
    }
    let connection: Connection
    do throws(ConnectFailure) {
      let stream = try trust.connect(
        to: address, asking: isTyped ? { self.isTrusted($0) } : nil, warn: output.complain)
      connection = Connection(over: stream)
    } catch {
      switch error {
      case .unreachable(let error):
        output.complain("\(error)")
        if error.isRefused { advice = advice ?? Self.advice(for: address) }
      case .noTLS(let reason): output.complain(reason)
      case .distrusted(let reason):
        output.complain(reason)
        throw .refused
      }
      return nil
    }
    let files = trust.files(at: address)
    let threads: ClientThreads
    do {
      threads = try ClientThreads(
        options: options, nickname: nickname, isTyped: isTyped,
        route: ServerRoute(to: address, trust, output),
        folder: folder, renderer: renderer, input: input, output: output
      ) { try HTTPFileService(at: files) }
    } catch {
      output.complain("\(error)")
      throw .lost
    }
    switch try threads.enter(connection, until: .now + Self.handshakeTimeout) {
    case .entered: return .success((threads, connection))
    case .refused(let code, let reason):
      let exit = ClientExit(refusedWith: code)
      if exit == .refused { return .failure(NicknameRefused(code: code, reason: reason)) }
      output.complain(reason)
      guard exit == .unavailable else { throw exit }
      return nil
    case .stranger(let reason):
      output.complain("\(address) \(reason)")
      return nil
    case .ended:
      try complain(of: connection.receiver, at: address)
      return nil
    }
  }

  /// Asks whether to trust a server's key. Only a whole yes is one.
  private func isTrusted(_ question: String) -> Bool {
    input.answer(to: question) == Array("yes".utf8)
  }

  /// Reports a handshake that ended without a result.
  private func complain(of receiver: Receiver, at address: Address) throws(ClientExit) {
    let hasBegun = receiver.beginning != .undecided
    if hasBegun, receiver.isAtEnd {
      output.complain("the server closed the connection")
      throw .lost
    }
    let seconds = Self.handshakeTimeout.components.seconds
    output.complain(
      hasBegun
        ? "\(address) lets nobody in: no handshake in \(seconds) s"
        : receiver.isAtEnd
          ? "\(address) closed the connection at once: it may be no chat server"
          : "\(address) says nothing for \(seconds) s: it may be no chat server")
  }

  /// What to do where nothing listens: the command for a server that this address would reach. `nil` for port 0,
  /// where nothing can listen.
  package static func advice(for address: Address) -> String? {
    guard address.port != 0 else { return nil }
    var command = Process.sibling("chat-server")
    if !address.isLoopback {
      command += " --host \(address.host.contains(":") ? "::" : "0.0.0.0")"
    } else if address.host != Address.standard.host, address.host != "localhost" {
      command += " --host \(address.host)"
    }
    if address.port != Address.standard.port { command += " --port \(address.port)" }
    return "Is a server running there? `\(command)` starts one."
  }
}

/// A nickname that the server, or the protocol, does not accept.
private struct NicknameRefused: Error {
  /// The protocol's name for the reason.
  let code: String
  /// For a person.
  let reason: String
}
