import ChatSystem
import Foundation

/// The workloads that move a file by HTTP: how fast it goes beside nginx and nc, and what the talk notices of it.
struct FileTables {
  private let runner: Runner
  private let fileBytes: Int

  /// - Parameter fileBytes: the size of the file.
  init(_ runner: Runner, fileBytes: Int) {
    (self.runner, self.fileBytes) = (runner, fileBytes)
  }

  /// How many receivers there are at once, at most.
  private static let manyReceivers = 8
  /// The source, the server's copy, and one that is being written.
  private static let copies = 3

  /// Makes the file in a folder of its own, and runs `body` with both.
  private func withSource(_ title: String, _ body: (SourceFile, URL) throws -> Void) {
    guard runner.hasOwn else { return }
    let needed = Self.copies * fileBytes + 500_000_000
    let parent = FileManager.default.temporaryDirectory
    let space = try? FileManager.default.attributesOfFileSystem(forPath: parent.path)
    let free = (space?[.systemFreeSize] as? NSNumber)?.intValue ?? 0
    guard free >= needed else {
      return runner.say(
        "\(title) is left out: \(parent.path) has \(gigabytes(free)) free, not"
          + " \(gigabytes(needed)) (--folder, or --file-size with less)\n")
    }
    do {
      let folder = try Interruption.running.makeFolder()
      defer { Interruption.running.remove(folder) }
      try body(SourceFile(in: folder, sizeBytes: fileBytes), folder)
    } catch { runner.say("\(title) cannot be measured: \(error)\n") }
  }

  // MARK: Throughput

  /// The same transfer by several, this project's server last.
  private struct Contest {
    let title: String
    var entrants: [Entrant<TransferCost>]
  }

  func transfers() {
    guard RunningServer.path(of: FileTransfers.curl) != nil else {
      return runner.say("files is left out: \(FileTransfers.curl) is not installed\n")
    }
    withSource("files") { source, folder in
      let server = try RunningServer(ServedFile.ownServer, in: folder)
      let contests = try self.contests(source, on: server, in: folder)
      let others = Machine.Others()
      let samples = runner.alternate(contests.flatMap(\.entrants))
      let note = others.text
      runner.show(table(contests, samples, source))
      runner.say(
        """

        MB/s of several receivers are their sum. curl receives the downloads, to /dev/null; nc receives from another nc.
        nginx has a process for each processor, and sends the server's own copy. An upload is on the disk (fsync)
        before it is answered; nc's is not. Where 'disk' is much, the disk was measured.
        \(note)

        """)
    }
  }

  private func contests(
    _ source: SourceFile, on server: RunningServer, in folder: URL
  ) throws -> [Contest] {
    let transfers = FileTransfers(source: source, parent: folder)
    let own = try ServedFile.own(source, on: server)
    let plain = [try ServedFile.nginx(source, of: server, in: folder), own]
    let encrypted = [
      try ServedFile.nginx(source, of: server, isEncrypted: true, in: folder), own.encrypted,
    ]
    if plain[0] == nil { runner.say("nginx is left out: it is not installed\n") }
    func download(_ title: String, _ files: [ServedFile?], to receivers: Int) -> Contest {
      Contest(
        title: title,
        entrants: files.compactMap { $0 }.map { file in
          Entrant(name: file.name) { try transfers.download(file, receivers: receivers) }
        })
    }
    let many = Self.manyReceivers
    var contests = [
      download("to 1", plain, to: 1), download("to \(many)", plain, to: many),
      download("to 1 over TLS", encrypted, to: 1),
      download("to \(many) over TLS", encrypted, to: many),
      Contest(
        title: "upload", entrants: [Entrant(name: own.name) { try transfers.upload() }]),
    ]
    if RunningServer.path(of: FileTransfers.netcat) != nil {
      for (index, toFile) in [(0, false), (contests.count - 1, true)] {
        contests[index].entrants.insert(
          Entrant(name: "nc") { try transfers.netcat(toFile: toFile) }, at: 0)
      }
    } else {
      runner.say("nc is left out: \(FileTransfers.netcat) is not installed\n")
    }
    return contests
  }

  private func table(
    _ contests: [Contest], _ samples: [[TransferCost]], _ source: SourceFile
  ) -> Table {
    var table = Table(
      "A file of \(gigabytes(source.sizeBytes)) by HTTP",
      ["", "MB/s, median (spread)", "ratio", "processor s per GB", "server", "disk"])
    var rest = samples[...]
    for contest in contests {
      let samples = rest.prefix(contest.entrants.count)
      rest = rest.dropFirst(contest.entrants.count)
      let own = Runs(samples.last?.map(\.bytesPerSecond) ?? []).median
      for (entrant, samples) in zip(contest.entrants, samples) {
        let rate = Runs(samples.map(\.bytesPerSecond))
        let server = Runs(samples.map(\.serverSecondsPerGigabyte)).median
        table.add([
          "\(contest.title): \(entrant.name)", rate.text(0, scale: 1e-6),
          Runs.fixed(own / rate.median, 2),
          Runs.fixed(Runs(samples.map(\.processorSecondsPerGigabyte)).median, 2),
          server > 0 ? Runs.fixed(server, 2) : "–",
          Runs.fixed(Runs(samples.map(\.diskShare)).median, 2),
        ])
      }
    }
    return table
  }

  // MARK: The talk meanwhile

  func talk() {
    withSource("latency-files") { source, folder in
      let talk = FileTalk()
      let others = Machine.Others()
      let samples = runner.alternate([
        Entrant(name: "the talk while a file goes") {
          Machine.settle(bytes: Self.copies * source.sizeBytes)
          return try talk.run(source, in: folder)
        }
      ])[0]
      let note = others.text
      guard !samples.isEmpty else { return }
      runner.show(table(talk, samples, source))
      let texts = samples.flatMap(\.values).map(\.fetching.total).min() ?? 0
      runner.say(
        """

        Goal: p99 ≤ 2 times idle, for those who fetch as well. 'of idle' was measured in the same run; each row has
        \(texts) latencies at least. Who fetches reads its lines on a thread of its own.
        \(note)

        """)
    }
  }

  private func table(
    _ talk: FileTalk, _ samples: [[FileTalk.Situation: FileTalk.Part]], _ source: SourceFile
  ) -> Table {
    var table = Table(
      "\(talk.members) members, \(talk.linesPerSecond) lines a second, and a file of"
        + " \(gigabytes(source.sizeBytes)) by HTTP for \(Runs.fixed(talk.seconds, 0)) s each: milliseconds",
      ["", "p50", "of idle", "p99", "of idle", "p99.9", "of idle", "MB/s", "server", "load"])
    let groups: [(String, KeyPath<FileTalk.Part, LatencyHistogram>)] = [
      ("all", \.all), ("those \(talk.fetching)", \.fetching),
    ]
    for situation in FileTalk.Situation.allCases {
      let parts = samples.compactMap { sample in
        sample[situation].flatMap { part in sample[.idle].map { (part: part, idle: $0) } }
      }
      guard !parts.isEmpty else { continue }
      for (group, latencies) in groups {
        var row = ["\(name(situation, talk)): \(group)"]
        for share in [0.5, 0.99, 0.999] {
          row += [
            Runs(parts.map { $0.part[keyPath: latencies].milliseconds(share) }).text(2),
            Runs.fixed(
              Runs(
                parts.map {
                  $0.part[keyPath: latencies].milliseconds(share)
                    / $0.idle[keyPath: latencies].milliseconds(share)
                }
              ).median, 1),
          ]
        }
        row += [
          Runs.fixed(Runs(parts.map { $0.part.bytesPerSecond / 1e6 }).median, 0),
          Runs.fixed(Runs(parts.map(\.part.serverShare)).median, 2),
          Runs.fixed(Runs(parts.map(\.part.loadShare)).median, 2),
        ]
        table.add(row)
      }
    }
    return table
  }

  private func name(_ situation: FileTalk.Situation, _ talk: FileTalk) -> String {
    switch situation {
    case .idle: "idle"
    case .networkDownload: "\(talk.fetching) fetch it at 1 Gbit/s"
    case .download: "\(talk.fetching) fetch it"
    case .nginx: "\(talk.fetching) fetch it from nginx"
    case .upload: "it is sent"
    }
  }

  private func gigabytes(_ bytes: Int) -> String { "\(Runs.figures(Double(bytes) / 1e9)) GB" }
}
