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
  let rooms: Rooms
  let roomCodes = RoomCodes()
  let buffers = WorkBufferPool()

  /// `nil` where there is no history.
  let recorder: Recorder?
  /// Locked as long as the history is open.
  private let folder: DataFolder?

  /// The files that were uploaded; `nil` where none are stored.
  let files: FileShelf?
  let contents: SharedContents?
  let transfers: Transfers
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
    transfers = Transfers(rules: options.transferRules)

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
    rooms = try Rooms(
      recorder: recorder, timeToLive: options.roomTimeToLive,
      readerTimeout: options.readerTimeout, clock: clock)
    upkeep = files.map { [connections] in FileUpkeep($0, log: log, notify: connections.tellAll) }
    connectRecorder()
  }

  /// Tells the recorder what it has to know of the rest, and starts its work that goes on by itself.
  private func connectRecorder() {
    guard let recorder, let folder else { return }
    recorder.announce = { [connections] in
      connections.tellAll(ControlLine.notice($0).encoded())
    }
    recorder.openRooms = { [rooms] in rooms.open.map(\.record) }
    recorder.leftRooms = { [rooms] in rooms.left }
    recorder.noteExpired = { [rooms, upkeep] room in
      if let name = try? RoomName(room) { rooms.forget(name) }
      upkeep?.removeRoom(room)
    }
    recorder.checkFiles = { [upkeep] in upkeep?.checkFolder() }
    recorder.keptFiles = { [files] in files?.allFiles ?? [] }
    upkeep?.restore(from: recorder, in: folder)
    recorder.expireRooms(after: options.roomTimeToLive)
    recorder.watchFiles()
  }
}
