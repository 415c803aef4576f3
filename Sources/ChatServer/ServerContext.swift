internal import ChatCore
internal import ChatFiles
internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// What all sessions share.
///
/// Thread: any.
final class ServerContext: Sendable {
  /// How many TLS handshakes are worked on at once; more wait.
  private static let handshakeLimit = 64

  let options: ServerOptions
  /// Where it listens, in numbers.
  let addresses: [Address]
  let log: EventLog
  let metrics = Metrics()
  /// The names by which this machine is known, in lower case, besides its addresses.
  let knownHosts: Set<String>

  let connections: Connections
  /// Who the server is over TLS.
  let identity: ServerIdentity
  /// A place for each TLS handshake that is worked on, however many wait for their clients.
  let handshakePlaces = DispatchSemaphore(value: ServerContext.handshakeLimit)
  let directory = Directory()
  let tokens: SessionTokens
  /// The uploads by HTTP that can go on.
  let tusUploads = TusUploads()
  let rooms: RoomRegistry
  let roomCodes = RoomCodes()
  let buffers = WorkBufferPool()

  /// `nil` where nothing is kept.
  let history: History?
  /// Locked as long as the history is open.
  private let folder: DataFolder?

  /// The files that were uploaded; `nil` where none are stored.
  let files: FileShelf?
  let contents: SharedContents?
  let transfers: TransferSlots
  let deliveries = Deliveries()
  private let upkeep: FileUpkeep?

  /// The largest file taken, in bytes; 0 if none is.
  var largestFileBytes: UInt64 {
    files == nil ? 0 : min(options.maxFileBytes, options.maxFilesBytes)
  }

  /// Opens the data folder, and the lobby.
  ///
  /// - Parameter addresses: where the server listens, in numbers.
  /// - Throws: `DataFolderError`, `HistoryError`, `ShelfError`, or `SystemError` if the system lacks memory.
  init(options: ServerOptions, addresses: [Address], log: EventLog) throws {
    let (clock, limit) = (options.clock, options.maxFilesBytes)
    (self.options, self.addresses, self.log) = (options, addresses, log)
    let hostName = Process.hostName.lowercased()
    knownHosts = Set(options.hosts.map { $0.lowercased() } + [hostName, "\(hostName).local"])
    connections = Connections(
      limit: options.maxClients, addressLimit: options.maxPerAddress)
    transfers = TransferSlots(rules: options.transferRules)
    tokens = SessionTokens(rate: options.rate)

    folder = try options.dataFolder.map { try DataFolder(path: $0) }
    if let warning = folder?.warning { log.warning(warning) }
    identity = try ServerIdentity(options, folder: folder?.path, log: log)
    history = try folder.map {
      try History(
        folder: $0, journalBytes: options.journalBytes, isDurable: options.isDurable,
        clock: clock, log: log)
    }
    let steadyClock = SteadyClock(at: clock())
    files = try folder.map {
      try FileShelf(folder: $0.path.appending("files"), limitBytes: limit) {
        steadyClock.milliseconds(at: clock()) / 1_000
      }
    }
    contents = files.map { SharedContents($0) }
    rooms = try RoomRegistry(
      history: history, timeToLive: options.roomTimeToLive,
      readerTimeout: options.readerTimeout, metrics: metrics, clock: clock)
    upkeep = files.map { [connections, tusUploads] in
      FileUpkeep($0, tusUploads, log: log, notify: connections.enqueueForAll)
    }
    if let history, let folder {
      upkeep?.restore(from: history.queries, in: folder)
      history.start(for: self, expireRoomsAfter: options.roomTimeToLive)
    }
  }
}

extension ServerContext: HistoryHost {
  var openRooms: [(name: RoomName, end: RoomStart)] { rooms.open.map { ($0.name, $0.end) } }
  var emptyRooms: [(name: RoomName, end: RoomStart, sinceBoot: Duration)] { rooms.left }
  var storedFiles: [SharedFile] { files?.allFiles ?? [] }

  func announce(_ text: String) { connections.enqueueForAll(ControlLine.notice(text).encoded()) }

  func beginExpiry(of room: String) -> Bool {
    guard let name = try? RoomName(room), rooms.beginExpiry(of: name) else { return false }
    upkeep?.removeRoom(room)
    return true
  }

  func endExpiry(of room: String) {
    if let name = try? RoomName(room) { rooms.endExpiry(of: name) }
  }

  func checkFileFolder() { upkeep?.checkFolder() }
}
