import ChatSystem
import Foundation

/// The latency of a room's lines while a file goes to some of its members by HTTP, on connections of their own.
///
/// Those members have a thread each that reads their lines, and one that fetches, as in a client. All others are read by
/// the swarm's thread.
struct FileTalk {
  private static let textBytes = 64
  /// How long it takes until what is begun is going on.
  private static let start: Duration = .milliseconds(500)
  /// What an Ethernet of 1 Gbit/s carries.
  private static let networkBytesPerSecond = 125_000_000

  var members = 24
  var fetching = 4
  var linesPerSecond = 200
  /// How long each situation lasts.
  var seconds = 10.0

  /// What happens beside the talk.
  enum Situation: CaseIterable {
    case idle
    /// Each that fetches has a network's rate.
    case networkDownload
    /// Each fetches as fast as it can.
    case download
    /// The same from nginx.
    case nginx
    case upload
  }

  /// The results of one situation.
  struct Part {
    let all: LatencyHistogram
    /// Of those that fetch the file alone.
    let fetching: LatencyHistogram
    /// What the file's connections carried.
    let bytesPerSecond: Double
    /// How much of one processor was used by the server, and by the load generator.
    let serverShare: Double
    let loadShare: Double
  }

  /// Runs all situations, one after the other; without nginx, if it is not installed.
  func run(_ source: SourceFile, in parent: URL) throws -> [Situation: Part] {
    let subject = ServedFile.ownServer
    let server = try RunningServer(subject, in: parent)
    let own = try ServedFile.own(source, on: server)
    let peer = try ServedFile.nginx(source, of: server, in: parent)
    let readers = try (0..<fetching).map {
      try TalkReader("reader\($0)", subject, port: server.port, size: Self.textBytes)
    }
    defer { for reader in readers { reader.stop() } }
    let swarm = try Swarm(
      server, subject, count: members - fetching, senders: 1, size: Self.textBytes, checkEvery: 1)
    var heard = LatencyHistogram()
    swarm.onText = { heard.add($1 - $0) }
    let speaker = try Speaker(swarm, linesPerSecond: linesPerSecond)
    defer { speaker.stop() }

    var parts: [Situation: Part] = [:]
    for situation in Situation.allCases {
      if situation == .nginx && peer == nil { continue }
      let traffic: FileTraffic? =
        switch situation {
        case .idle: nil
        case .networkDownload:
          try .downloads(
            of: own, receivers: fetching, bytesPerSecond: Self.networkBytesPerSecond)
        case .download: try .downloads(of: own, receivers: fetching)
        case .nginx: try peer.map { try .downloads(of: $0, receivers: fetching) }
        case .upload: try .upload(of: source, to: server.port)
        }
      defer { traffic?.cancel() }
      try pump(swarm, for: Self.start)
      heard = LatencyHistogram()
      for reader in readers { _ = try reader.takeLatencies() }
      let begin = Mark(server, traffic)
      try pump(swarm, for: .seconds(seconds))
      let end = Mark(server, traffic)
      var fetched = LatencyHistogram()
      for reader in readers { fetched.add(try reader.takeLatencies()) }
      var all = heard
      all.add(fetched)
      try traffic?.stop()
      let elapsed = (end.time - begin.time) / .seconds(1)
      parts[situation] = Part(
        all: all, fetching: fetched, bytesPerSecond: Double(end.bytes - begin.bytes) / elapsed,
        serverShare: (end.server - begin.server) / elapsed,
        loadShare: (end.load - begin.load) / elapsed)
    }
    speaker.stop()
    try swarm.pump(within: .seconds(20)) {
      guard let said = try speaker.total else { return false }
      return swarm.members.allSatisfy { swarm.hasHeard($0, upTo: [said]) }
        && readers.allSatisfy { $0.heard == said }
    }
    return parts
  }

  /// A moment, and what was used and carried up to then.
  private struct Mark {
    let time = MonotonicTime.now
    let load = LoadGenerator.processorSeconds
    let server: Double
    let bytes: Int

    init(_ server: RunningServer, _ traffic: FileTraffic?) {
      self.server = server.processorSeconds
      bytes = traffic?.bytes ?? 0
    }
  }

  private func pump(_ swarm: Swarm, for time: Duration) throws {
    let end = MonotonicTime.now + time
    while MonotonicTime.now < end { try swarm.pump(milliseconds: 10) }
  }
}
