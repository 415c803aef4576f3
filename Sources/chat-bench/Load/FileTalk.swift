import ChatSystem
import Foundation

/// The latency of a room's lines while a file goes to some of its members.
struct FileTalk {
  var members = 20
  var receivers = 4
  var linesPerSecond = 200
  var idleSeconds = 5.0

  /// The results of one part of a run.
  struct Part {
    let seconds: Double
    /// Of the members that do not fetch the file.
    let members: LatencyHistogram
    /// Of those that do, up to their standard output.
    let receivers: LatencyHistogram
    /// How much of one processor was used by the server, and by the load generator.
    let serverShare: Double
    let loadShare: Double
  }

  /// The results of one run.
  struct Sample {
    let idle: Part
    let upload: Part
    let download: Part
  }

  func run(_ source: SourceFile, in parent: URL) throws -> Sample {
    let trip = try FileTrip(source, receivers: receivers, in: parent)
    let swarm = try Swarm(
      trip.server, ChatServerSubject(), count: members + 1, senders: 1,
      size: FileClient.textBytes, checkEvery: 1)
    var heard = LatencyHistogram()
    swarm.onText = { heard.add($1 - $0) }
    let speaker = try Speaker(swarm, linesPerSecond: linesPerSecond)
    // The first texts wake threads that have not run yet.
    try pump(swarm, until: speaker.start + .milliseconds(500))
    heard = LatencyHistogram()
    for receiver in trip.receivers { _ = receiver.takeLatencies() }

    var parts: [FileTrip.Phase: Part] = [:]
    var phase = trip.phase
    var begin = mark(trip)
    func note() {
      guard trip.phase != phase else { return }
      let end = mark(trip)
      var received = LatencyHistogram()
      for receiver in trip.receivers { received.add(receiver.takeLatencies()) }
      let seconds = (end.time - begin.time) / .seconds(1)
      parts[phase] = Part(
        seconds: seconds, members: heard, receivers: received,
        serverShare: (end.server - begin.server) / seconds,
        loadShare: (end.load - begin.load) / seconds)
      heard = LatencyHistogram()
      phase = trip.phase
      begin = end
    }
    try pump(swarm, until: begin.time + .seconds(idleSeconds))
    try trip.send()
    note()
    try swarm.pump(within: .seconds(300)) {
      try trip.look()
      note()
      return trip.phase == .done
    }
    speaker.stop()
    try swarm.pump(within: .seconds(20)) {
      guard let said = try speaker.total else { return false }
      return swarm.members.allSatisfy { swarm.hasHeard($0, upTo: [said]) }
    }
    guard let idle = parts[.waiting], let upload = parts[.uploading],
      let download = parts[.downloading]
    else { throw BenchError("the file moved before anybody looked") }
    return Sample(idle: idle, upload: upload, download: download)
  }

  private func pump(_ swarm: Swarm, until end: MonotonicTime) throws {
    while MonotonicTime.now < end { try swarm.pump(milliseconds: 10) }
  }

  private func mark(_ trip: FileTrip) -> (time: MonotonicTime, server: Double, load: Double) {
    (.now, trip.server.processorSeconds, LoadGenerator.processorSeconds)
  }
}
