internal import ChatCore
internal import ChatFiles
internal import ChatHistory
internal import ChatSystem

/// What all sessions share.
///
/// Thread: any.
final class ServerContext: Sendable {
  let options: ServerOptions
  let log: EventLog

  let connections: Connections
  let directory = Directory()
  let rooms: RoomRegistry
  let roomCodes = RoomCodes()
  let buffers = WorkBufferPool()

  /// `nil` where there is no history.
  let recorder: Recorder?
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
  /// - Throws: `DataFolderError`, `HistoryError`, `ShelfError`, or `SystemError` if the system lacks memory.
  init(options: ServerOptions, log: EventLog) throws {
    let (clock, limit) = (options.clock, options.maxFilesBytes)
    (self.options, self.log) = (options, log)
    connections = Connections(limit: options.maxClients)
    transfers = TransferSlots(rules: options.transferRules)

    folder = try options.dataFolder.map { try DataFolder(path: $0) }
    if let warning = folder?.warning { log.warning(warning) }
    recorder = try folder.map {
      try Recorder(folder: $0, isDurable: options.isDurable, clock: clock, log: log)
    }
    let steadyClock = SteadyClock(at: clock())
    files = try folder.map {
      try FileShelf(folder: $0.path.appending("files"), limitBytes: limit) {
        steadyClock.milliseconds(at: clock()) / 1_000
      }
    }
    contents = files.map { SharedContents($0) }
    rooms = try RoomRegistry(
      recorder: recorder, timeToLive: options.roomTimeToLive,
      readerTimeout: options.readerTimeout, clock: clock)
    upkeep = files.map { [connections] in
      FileUpkeep($0, log: log, notify: connections.enqueueForAll)
    }
    if let recorder, let folder {
      upkeep?.restore(from: recorder.queries, in: folder)
      recorder.start(for: self, expireRoomsAfter: options.roomTimeToLive)
    }
  }
}

extension ServerContext: HistoryHost {
  var openRooms: [RoomRecord] { rooms.open.map(\.record) }
  var emptyRooms: [(name: RoomName, end: RoomStart, sinceBoot: Duration)] { rooms.left }
  var storedFiles: [SharedFile] { files?.allFiles ?? [] }

  func announce(_ text: String) { connections.enqueueForAll(ControlLine.notice(text).encoded()) }

  func removeExpiredRoom(_ name: String) {
    if let room = try? RoomName(name) { rooms.forget(room) }
    upkeep?.removeRoom(name)
  }

  func checkFileFolder() { upkeep?.checkFolder() }
}
