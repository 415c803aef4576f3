import ChatSystem
import Foundation

/// A file sent through the chat: one member of the lobby sends it, others save it.
final class FileTrip {
  /// A moment, and the resources used up to then.
  struct Moment {
    let time: MonotonicTime
    /// Of all processes that were started, in seconds.
    let processorSeconds: Double
    let serverSeconds: Double
    let diskWaitSeconds: Double
  }

  /// The cost of one leg of the trip, or of another way to copy the file.
  struct Leg {
    let seconds: Double
    let bytesPerSecond: Double
    let processorSecondsPerGigabyte: Double
    /// The server's share.
    let serverSecondsPerGigabyte: Double
    /// The share of the time in which a process waited for the disk.
    let diskShare: Double

    init(from start: Moment, to end: Moment, bytes: Int) {
      seconds = (end.time - start.time) / .seconds(1)
      bytesPerSecond = Double(bytes) / seconds
      let gigabytes = Double(bytes) / 1e9
      processorSecondsPerGigabyte = (end.processorSeconds - start.processorSeconds) / gigabytes
      serverSecondsPerGigabyte = (end.serverSeconds - start.serverSeconds) / gigabytes
      diskShare = (end.diskWaitSeconds - start.diskWaitSeconds) / seconds
    }
  }

  /// The phase it is in.
  enum Phase: Int {
    case waiting, preparing, uploading, downloading, done
  }

  let server: RunningServer
  private(set) var receivers: [FileClient]
  private let source: SourceFile
  private let folder: URL
  /// A member that is told of the file when the receivers are.
  private let watcher: LineConnection
  private var sender: FileClient?

  var sizeBytes: Int { source.sizeBytes }

  private(set) var phase = Phase.waiting
  private(set) var started: Moment?
  /// The server has accepted the announcement, and waits for bytes.
  private(set) var announced: Moment?
  private(set) var offered: Moment?
  private(set) var saved: Moment?

  /// Connects the receivers.
  init(_ source: SourceFile, receivers: Int, in parent: URL) throws {
    self.source = source
    folder = try Interruption.running.makeFolder(in: parent)
    server = try RunningServer(ChatServerSubject(maxFile: "2G"), in: folder)
    watcher = try LineConnection(port: server.port)
    try watcher.send("[HELLO]:1\nwatcher\n")
    try watcher.wait { $0 == "Connected to server!" }
    self.receivers = try (0..<receivers).map { [folder, server] number in
      let downloads = folder.appendingPathComponent("r\(number)")
      try FileManager.default.createDirectory(at: downloads, withIntermediateDirectories: false)
      return try FileClient(receiving: "r\(number)", port: server.port, folder: downloads)
    }
    var joined = 0
    while joined < receivers {
      try watcher.wait { $0.hasSuffix(" joined!") }
      joined += 1
    }
  }

  deinit {
    // The processes that write there end first.
    receivers = []
    sender = nil
    Interruption.running.remove(folder)
  }

  /// Starts sending the file.
  func send() throws {
    started = moment(.now)
    phase = .preparing
    sender = try FileClient(sending: source.url, port: server.port)
  }

  /// Looks at the progress, and advances the phase.
  func look() throws {
    if phase == .preparing, hasPartial {
      announced = moment(.now)
      phase = .uploading
    }
    try watcher.takeReady {
      guard $0.hasPrefix("[FILE]:") else { return }
      offered = moment(.now)
      phase = .downloading
    }
    guard phase == .downloading else { return }
    let times = try receivers.map { try $0.saved() }
    guard !times.contains(nil), let last = times.compactMap({ $0 }).max() else { return }
    saved = moment(last)
    phase = .done
  }

  /// Sends the file, and waits until all receivers have it.
  func run() throws {
    try send()
    let deadline = MonotonicTime.now + .seconds(300)
    while phase != .done {
      guard MonotonicTime.now < deadline else { throw BenchError("a file does not arrive") }
      SystemThread.sleep(for: .milliseconds(1))
      try look()
    }
  }

  /// Checks that all receivers have the file's bytes.
  func check() throws {
    for number in receivers.indices {
      let url = folder.appendingPathComponent(
        "r\(number)/received_\(source.url.lastPathComponent)")
      guard try source.isSame(as: url) else { throw BenchError("r\(number) got other bytes") }
    }
  }

  /// Whether the server has made its partial file, as it does when a file is announced.
  private var hasPartial: Bool {
    let folder = server.folder.appendingPathComponent("files/partial").path
    return (try? FileManager.default.contentsOfDirectory(atPath: folder))?.isEmpty == false
  }

  private func moment(_ time: MonotonicTime) -> Moment {
    .now(at: time, serverSeconds: server.processorSeconds)
  }
}

extension FileTrip.Moment {
  /// The current use of resources; `time` may be slightly earlier.
  static func now(at time: MonotonicTime = .now, serverSeconds: Double = 0) -> Self {
    // Pressure stall information (Linux, Documentation/accounting/psi.rst), in microseconds.
    let text = (try? String(contentsOfFile: "/proc/pressure/io", encoding: .utf8)) ?? ""
    let total = text.split(separator: "\n").first?.split(separator: "=").last.flatMap { Int($0) }
    return Self(
      time: time, processorSeconds: Interruption.running.processorSeconds,
      serverSeconds: serverSeconds, diskWaitSeconds: Double(total ?? 0) / 1e6)
  }
}
