internal import ChatCore
internal import ChatFiles
internal import ChatHistory
package import ChatSystem
internal import Dispatch

/// What all sessions share.
///
/// Thread: any; each part says for itself how.
final class ServerState: @unchecked Sendable {
  // Sound: nothing changes after the initializer; Dispatch's timers are for any thread, and only kept here.

  /// How often uploads that nobody goes on with are looked for.
  private static let sweepInterval = DispatchTimeInterval.seconds(600)
  /// How often it is looked whether the files are still there.
  private static let watchInterval = DispatchTimeInterval.seconds(1)
  private static let cleaning = DispatchQueue(label: "files", qos: .utility)
  private static let watching = DispatchQueue(label: "files-watch", qos: .utility)

  let options: ServerOptions
  let log: EventLog
  /// Held as long as the history is open.
  private let folder: DataFolder?
  let recorder: Recorder?
  /// `nil` where nothing is kept.
  let files: FileShelf?
  let contents: SharedContents?
  /// The largest file taken, in bytes; 0 if none is.
  var mostFileBytes: UInt64 {
    files == nil ? 0 : min(options.maxFileBytes, options.maxFilesBytes)
  }
  let deliveries = Deliveries()
  let transfers: Transfers
  private let sweep: (any DispatchSourceTimer)?
  private let watch: (any DispatchSourceTimer)?
  let rooms: Rooms
  let directory = Directory()
  let roomCodes = RoomCodes()
  let buffers = WorkBufferPool()
  let connections: Connections

  init(options: ServerOptions, log: EventLog) throws {
    self.options = options
    self.log = log
    transfers = Transfers(rules: options.transferRules)
    folder = try options.dataFolder.map { try DataFolder(path: $0) }
    if let warning = folder?.warning { log.warning(warning) }
    recorder = try folder.map {
      try Recorder(folder: $0, isDurable: options.isDurable, clock: options.clock, log: log)
    }
    let limit = options.maxFilesBytes
    let clock = options.clock
    let steadyClock = SteadyClock(at: clock())
    files = try folder.map {
      try FileShelf(folder: $0.path.appending("files"), limitBytes: limit) {
        steadyClock.milliseconds(at: clock()) / 1_000
      }
    }
    contents = files.map { SharedContents($0) }
    rooms = try Rooms(
      recorder: recorder, timeToLive: options.roomTimeToLive,
      readerTimeout: .seconds(options.readerTimeoutSeconds), clock: options.clock)
    let connections = Connections(limit: options.maxClients)
    self.connections = connections
    recorder?.announce = { connections.tellAll(ServerLine.notice($0).encoded()) }
    let rooms = self.rooms
    recorder?.openRooms = { rooms.open.map(\.record) }
    recorder?.leftRooms = { rooms.left }
    let files = self.files
    recorder?.noteExpired = { room in
      if let name = try? RoomName(room) { rooms.forget(name) }
      // Removing large files takes its time.
      Self.cleaning.async { files?.removeRoom(room) }
    }
    if let files {
      recorder?.checkFiles = {
        guard let loss = files.reopenIfGone() else { return }
        log.warning("the folder of the files, or one in it, was gone: it is made anew")
        Self.tell(loss, connections, log)
      }
      recorder?.keptFiles = { files.allFiles }
      let isComplete = recorder?.files { stored in
        if let file = KeptFile(stored) { files.announce(file) }
      }
      // What was being announced, or forgotten, when the last server was killed. As long as a damaged history lies
      // here, it may be one that this knows of.
      let isDamaged = folder.map { folder in
        Folder.entries(of: folder.path).contains {
          $0.name.bytes.starts(with: "history.damaged-".utf8)
            || $0.name.bytes.starts(with: "history.found-".utf8)
        }
      }
      if isComplete == true, isDamaged == false { files.removeUnannounced() }
      files.trim()
    }
    sweep = files.map { files in
      let timer = DispatchSource.makeTimerSource(queue: Self.cleaning)
      timer.schedule(deadline: .now() + Self.sweepInterval, repeating: Self.sweepInterval)
      timer.setEventHandler { files.removeStalePartials() }
      timer.activate()
      return timer
    }
    watch = files.map { files in
      let timer = DispatchSource.makeTimerSource(queue: Self.watching)
      timer.schedule(deadline: .now() + Self.watchInterval, repeating: Self.watchInterval)
      timer.setEventHandler { Self.tell(files.dropMissing(), connections, log) }
      timer.activate()
      return timer
    }
    recorder?.expireRooms(after: options.roomTimeToLive)
    recorder?.watchFiles()
  }

  /// Says how many files are lost, if some are.
  private static func tell(_ loss: FileLoss, _ connections: Connections, _ log: EventLog) {
    guard loss.lost > 0 else { return }
    log.error("files that were sent are gone: \(loss.lost) of \(loss.total)")
    let text = "Files that were sent before are gone: \(loss.lost) of \(loss.total)."
    connections.tellAll(ServerLine.notice(text).encoded())
  }
}

/// The chat server: listens, gives each client a thread, and ends politely.
package final class Server: Sendable {
  /// How long clients may take to read their last lines when the server stops.
  private static let stopLimit: Duration = .milliseconds(4_500)

  private let state: ServerState
  private let listeners: ListenerGroup

  /// Where it listens, in the order asked for.
  package var addresses: [Address] { listeners.addresses }

  /// Where it could not, though it was asked to.
  package var failures: [ListenError] { listeners.failures }

  /// Listens; nobody is served before `start`.
  ///
  /// - Throws: `ListenError`, or `SystemError` if the system lacks memory or descriptors.
  package init(options: ServerOptions, log: EventLog) throws {
    listeners = try ListenerGroup(hosts: options.hosts, port: options.port)
    state = try ServerState(options: options, log: log)
  }

  /// Accepts clients from now on.
  ///
  /// - Throws: `SystemError` if the system has no thread for it.
  package func start() throws {
    for listener in listeners.listeners {
      let acceptor = Acceptor(listener: listener, state: state)
      try SystemThread.start(named: "acceptor") { acceptor.run() }
    }
  }

  /// Ends: accepts nobody more, delivers what was said, tells everyone, and waits until they have
  /// read it, up to a limit.
  package func stop() {
    listeners.stop()
    // A room's lines are in memory as long as somebody is in it.
    state.recorder?.lookOnce()
    state.rooms.close()
    state.connections.interruptAll(.shuttingDown)
    let everyone = state.connections.waitUntilNone(until: .now + Self.stopLimit)
    if !everyone { state.log.warning("not everyone read the last lines in time") }
    state.recorder?.finish()
  }
}
