internal import ChatCore
internal import ChatFiles
internal import ChatHistory
package import ChatSystem

/// What all sessions share.
///
/// Thread: any; each part says for itself how.
final class ServerState: Sendable {
  let options: ServerOptions
  let log: EventLog
  /// Held as long as the history is open.
  private let folder: DataFolder?
  let recorder: Recorder?
  /// `nil` where nothing is kept.
  let files: FileShelf?
  let contents: SharedContents?
  let deliveries = Deliveries()
  let rooms: Rooms
  let directory = Directory()
  let buffers = WorkBufferPool()
  let connections: Connections

  init(options: ServerOptions, log: EventLog) throws {
    self.options = options
    self.log = log
    folder = try options.dataFolder.map { try DataFolder(path: $0) }
    recorder = try folder.map {
      try Recorder(folder: $0.path, isDurable: options.isDurable, log: log)
    }
    let limit = options.maxFilesBytes
    files = try folder.map { try FileShelf(folder: "\($0.path)/files", limitBytes: limit) }
    contents = files.map { SharedContents($0) }
    rooms = try Rooms(
      recorder: recorder, timeToLive: options.roomTimeToLive,
      readerTimeout: .seconds(options.readerTimeoutSeconds))
    let connections = Connections(limit: options.maxClients)
    self.connections = connections
    recorder?.announce = { connections.tellAll(ServerLine.notice($0).encoded()) }
    let rooms = self.rooms
    recorder?.openRooms = { rooms.open }
    if let files {
      recorder?.files { stored in
        if let file = KeptFile(stored) { files.announce(file) }
      }
      recorder?.noteExpired = { files.removeRoom($0) }
    }
    recorder?.expireRooms(after: options.roomTimeToLive)
  }
}

/// The chat server: listens, gives each client a thread, and ends politely.
package final class Server: Sendable {
  /// How long clients may take to read their last lines when the server stops.
  private static let stopLimit: Duration = .milliseconds(4_500)

  private let state: ServerState
  private let listener: Listener

  /// Where it listens.
  package var address: Address { listener.address }

  /// Listens; nobody is served before `start`.
  ///
  /// - Throws: `ListenError`, or `SystemError` if the system lacks memory or descriptors.
  package init(options: ServerOptions, log: EventLog) throws {
    listener = try Listener(on: options.address)
    state = try ServerState(options: options, log: log)
  }

  /// Accepts clients from now on.
  ///
  /// - Throws: `SystemError` if the system has no thread for it.
  package func start() throws {
    let acceptor = Acceptor(listener: listener, state: state)
    try SystemThread.start(named: "acceptor") { acceptor.run() }
  }

  /// Ends: accepts nobody more, delivers what was said, tells everyone, and waits until they have
  /// read it, up to a limit.
  package func stop() {
    listener.stop()
    state.rooms.close()
    state.connections.interruptAll(.shuttingDown)
    let everyone = state.connections.waitUntilNone(until: .now + Self.stopLimit)
    if !everyone { state.log.warning("not everyone read the last lines in time") }
    state.recorder?.finish()
  }
}
