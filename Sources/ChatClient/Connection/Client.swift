internal import ChatClientModel
internal import ChatCore
package import ChatSystem

/// The chat client: connects and gets a nickname; what follows is a `Session`'s.
package final class Client: Sendable {
  private let options: ClientOptions
  private let renderer: Renderer
  /// How long the first handshake may take.
  private static let handshakeTimeout: Duration = .seconds(15)

  /// Whether a person types: lines are commands then, and questions can be asked.
  private let isTyped: Bool
  private let input: LineInput
  private let folder: Result<DownloadFolder, SystemError>

  /// Makes a client, and the folder that files are saved in if it was named; all else is `run`'s.
  package init(options: ClientOptions) {
    self.options = options
    isTyped = StandardStream.input.isTerminal && options.filesToSend.isEmpty
    input = LineInput(isTyped: isTyped)
    let path: FilePath = options.downloadFolder ?? "."
    // The one that was named is made, as whoever saves elsewhere would have to.
    let isNamed = options.downloadFolder != nil
    folder = Result { () throws(SystemError) in
      if isNamed { try Folder.make(path) }
      return try DownloadFolder(path: path)
    }
    let style: Renderer.Style =
      if options.isJSON {
        .json
      } else if StandardStream.output.isTerminal {
        .terminal
      } else {
        .plain
      }
    renderer = Renderer(style: style) { LocalTime.text(of: $0) }
  }

  /// Does it all, and says how it ended.
  package func run() -> ClientExit {
    if isTyped, renderer.style == .terminal { Screen.takeTerminal() }
    if !options.filesToSend.isEmpty { Screen.takeStatusRow() }
    // A pipe nobody reads is no reason to leave the terminal as it is.
    if Screen.terminal != nil { Process.ignoreBrokenPipes() }
    defer { Screen.finish() }
    do throws(ClientExit) {
      try checkFilesToSend()
      // A folder that nobody named is missed only when there is something to save.
      if case .failure(let error) = folder, let path = options.downloadFolder {
        Screen.complain("--downloads: cannot write to \(path): \(error.reason)")
        throw .wrongUsage
      }
      // A file that can't grow any more is an error like a full disk.
      Process.ignoreFileSizeLimit()
      let (session, connection) = try connect()
      return session.run(connection, sending: options.filesToSend)
    } catch {
      return error
    }
  }

  /// Asks for a nickname until the server takes one: with a connection for each, so that nobody who
  /// thinks about it is too slow for the server.
  private func connect() throws(ClientExit) -> (Session, Connection) {
    var given = options.nickname
    while true {
      guard let choice = given ?? ask() else {
        if isTyped { throw .left }
        Screen.complain("no nickname: neither --nick nor a line of standard input has one")
        throw .wrongUsage
      }
      guard choice != "exit", choice != "{quit}" else { throw .left }
      given = nil
      switch try connect(as: choice) {
      case .success(let entered): return entered
      case .failure(let refusal):
        guard isTyped else {
          Screen.complain(refusal.reason)
          throw .refused
        }
        var display = Display(renderer: renderer)
        try display.show(.error(code: refusal.code, reason: refusal.reason), nickname: "")
        try display.flush()
      }
    }
  }

  /// Connects with a nickname.
  ///
  /// - Returns: the session and its first connection, or why the nickname can't be had.
  private func connect(
    as choice: String
  ) throws(ClientExit) -> Result<(Session, Connection), NicknameRefused> {
    let nickname: Nickname
    do { nickname = try Nickname(choice) } catch {
      return .failure(NicknameRefused(code: error.code.rawValue, reason: error.reason))
    }
    var advice: String?
    for address in options.addresses {
      if let result = try connect(to: address, as: nickname, &advice) { return result }
    }
    if let advice { Screen.complain(advice) }
    throw .unavailable
  }

  /// Connects to one of the addresses.
  ///
  /// - Parameter advice: what to do about the first address where nothing listens.
  /// - Returns: the same; `nil` if nobody lets us in there, which has been told.
  private func connect(
    to address: Address, as nickname: Nickname, _ advice: inout String?
  ) throws(ClientExit) -> Result<(Session, Connection), NicknameRefused>? {
    let connection: Connection
    do { connection = try Connection(to: address) } catch {
      Screen.complain("\(error)")
      if error.isRefused { advice = advice ?? Self.advice(for: address) }
      return nil
    }
    let outgoing = Outgoing(nickname: nickname, isTyped: isTyped)
    let mailbox: TransferMailbox
    do { mailbox = try TransferMailbox() } catch {
      Screen.complain("\(error)")
      throw .lost
    }
    let transfers = Transfers(
      options: options, folder: folder, outgoing: outgoing, mailbox: mailbox,
      showStatus: Screen.showStatus)
    let conversation = Conversation(
      over: Conversation.Route(to: address), options: options, outgoing: outgoing,
      transfers: transfers, mailbox: mailbox, display: Display(renderer: renderer),
      pictures: pictures, isTyped: isTyped, nickname: nickname)
    let timeout = Self.handshakeTimeout
    switch try conversation.enter(connection, until: .now + timeout) {
    case .entered:
      let session = Session(
        conversation, outgoing: outgoing, input: input, mailbox: mailbox, isTyped: isTyped,
        renderer: renderer)
      return .success((session, connection))
    case .refused(let code, let reason):
      let exit = Self.exit(after: code)
      if exit == .refused { return .failure(NicknameRefused(code: code, reason: reason)) }
      Screen.complain(reason)
      guard exit == .unavailable else { throw exit }
      return nil
    case .stranger(let reason):
      Screen.complain("\(address) \(reason)")
      return nil
    case .ended:
      let hasBegun = connection.receiver.beginning != .undecided
      if hasBegun, connection.receiver.isAtEnd {
        Screen.complain("the server closed the connection")
        throw .lost
      }
      let seconds = timeout.components.seconds
      Screen.complain(
        hasBegun
          ? "\(address) lets nobody in: no handshake in \(seconds) s"
          : connection.receiver.isAtEnd
            ? "\(address) closed the connection at once: it may be no chat server"
            : "\(address) says nothing for \(seconds) s: it may be no chat server")
      return nil
    }
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

  /// What can't be sent is told before anybody is connected to.
  private func checkFilesToSend() throws(ClientExit) {
    var areReadable = true
    for path in options.filesToSend {
      do { try PreparedFile.check(path) } catch {
        Screen.complain("--send: cannot read '\(path)': \(error.reason)")
        areReadable = false
      }
    }
    guard areReadable else { throw .wrongUsage }
  }

  /// Shows images, if a person sees them and wants to (https://no-color.org).
  private var pictures: Pictures? {
    guard options.showsImages, renderer.style == .terminal,
      Process.variable("NO_COLOR") ?? "" == ""
    else { return nil }
    return Pictures(on: Screen.terminal)
  }

  /// How the client ends if this was refused in the handshake.
  static func exit(after code: String) -> ClientExit {
    switch ErrorCode(rawValue: code) {
    case .nickInUse, .nickInvalid, .tooManyTries: .refused
    case .serverFull, .shuttingDown: .unavailable
    default: code.hasPrefix("password-") ? .refused : .lost
    }
  }

  /// A nickname from whoever is at the other end of standard input.
  private func ask() -> String? {
    let question = "Choose your nickname: "
    if isTyped, Screen.terminal == nil {
      let stream = renderer.style == .terminal ? StandardStream.output : .error
      stream.writeIfPossible(question)
    }
    return input.next(question).map { TextCleaner.clean($0.span) }
  }
}

/// A nickname that the server, or the protocol, does not take.
private struct NicknameRefused: Error {
  /// The protocol's name for it.
  let code: String
  /// For a person.
  let reason: String
}
