import ChatSystem
import Foundation

/// The workload that moves files, beside plain copies.
struct FileTables {
  private let runner: Runner
  private let fileBytes: Int

  /// - Parameter fileBytes: the size of the file.
  init(_ runner: Runner, fileBytes: Int) {
    (self.runner, self.fileBytes) = (runner, fileBytes)
  }

  /// How many receivers there are at once, at most.
  private static let manyReceivers = 8

  /// The rows that one run of an entrant adds to the table.
  private typealias Legs = [(row: String, leg: FileTrip.Leg)]

  func run() {
    guard runner.hasOwn else { return }
    // The source, the server's copy, the receivers' copies, and some room for others.
    let needed = (Self.manyReceivers + 3) * fileBytes + 200_000_000
    let parent = FileManager.default.temporaryDirectory
    let space = try? FileManager.default.attributesOfFileSystem(forPath: parent.path)
    let free = (space?[.systemFreeSize] as? NSNumber)?.intValue ?? 0
    guard free >= needed else {
      return runner.say(
        "The files are left out: \(parent.path) has \(gigabytes(free)) free, not"
          + " \(gigabytes(needed)) (TMPDIR, or --file-size with less)\n")
    }
    do {
      let folder = try Interruption.running.makeFolder()
      defer { Interruption.running.remove(folder) }
      let source = try SourceFile(in: folder, sizeBytes: fileBytes)
      transfers(source, in: folder)
      talk(source, in: folder)
    } catch { runner.say("The files cannot be measured: \(error)\n") }
  }

  // MARK: Throughput

  private func transfers(_ source: SourceFile, in folder: URL) {
    let copies = PlainCopies(source: source, parent: folder)
    let many = Self.manyReceivers
    func entrant(_ name: String, copies: Int, _ run: @escaping () throws -> Legs) -> Entrant<Legs> {
      Entrant(name: name) {
        Machine.settle(bytes: copies * source.sizeBytes)
        return try run()
      }
    }
    var entrants = [
      entrant("nc", copies: 1) { [("nc", try copies.netcat(1))] },
      entrant("nc, \(many) at once", copies: many) {
        [("nc, \(many) at once", try copies.netcat(many))]
      },
    ]
    if PlainCopies.canLogIn {
      entrants.append(entrant("scp", copies: 1) { [("scp", try copies.secureCopy())] })
    } else {
      runner.say("scp is left out of 'files': SSH does not let us in on localhost without asking\n")
    }
    let name = FileClient.name
    func trip(to count: Int) throws -> FileTrip {
      let trip = try FileTrip(source, receivers: count, in: folder)
      try trip.run()
      try trip.check()
      return trip
    }
    // One copy is the server's.
    entrants += [
      entrant("\(name), 1 receiver", copies: 2) {
        let trip = try trip(to: 1)
        return [
          ("\(name): upload", try trip.leg(\.announced, \.offered)),
          ("\(name): download by 1", try trip.leg(\.offered, \.saved)),
          ("\(name): whole trip to 1", try trip.leg(\.started, \.saved)),
        ]
      },
      entrant("\(name), \(many) receivers", copies: many + 1) {
        [("\(name): download by \(many)", try trip(to: many).leg(\.offered, \.saved))]
      },
    ]
    let others = Machine.Others()
    let samples = runner.alternate(entrants)
    let note = others.text
    runner.show(table(samples, source))
    runner.say(
      """

      MB/s of several receivers are their sum. The chat's receivers check the SHA-256. The server writes an upload
      through to the disk (fsync) before it announces it; a whole trip begins with the sender's own SHA-256. Nobody
      else waits for the disk on purpose: where 'disk' is much, the disk was measured. \(note)

      """)
  }

  private func table(_ samples: [[Legs]], _ source: SourceFile) -> Table {
    var table = Table(
      "A file of \(gigabytes(source.sizeBytes)), from file to file",
      ["", "MB/s, median (spread)", "of nc", "processor s per GB", "server", "disk"])
    let rates = Runs(samples.first?.flatMap { $0 }.map(\.leg.bytesPerSecond) ?? [])
    for runs in samples {
      for (index, (row, _)) in (runs.first ?? []).enumerated() {
        let legs = runs.map { $0[index].leg }
        let rate = Runs(legs.map(\.bytesPerSecond))
        let server = Runs(legs.map(\.serverSecondsPerGigabyte)).median
        table.add([
          row, rate.text(0, scale: 1e-6), Runs.fixed(rate.median / rates.median, 2),
          Runs.fixed(Runs(legs.map(\.processorSecondsPerGigabyte)).median, 2),
          server > 0 ? Runs.fixed(server, 2) : "–",
          Runs.fixed(Runs(legs.map(\.diskShare)).median, 2),
        ])
      }
    }
    return table
  }

  // MARK: The talk meanwhile

  private func talk(_ source: SourceFile, in folder: URL) {
    let talk = FileTalk()
    let others = Machine.Others()
    let samples = runner.alternate([
      Entrant(name: "the talk while a file moves") {
        Machine.settle(bytes: (talk.receivers + 1) * source.sizeBytes)
        return try talk.run(source, in: folder)
      }
    ])[0]
    let note = others.text
    guard !samples.isEmpty else { return }
    var table = Table(
      "\(talk.members) members and \(talk.receivers) of \(FileClient.name) who get a file of"
        + " \(gigabytes(source.sizeBytes)), \(talk.linesPerSecond) lines a second: milliseconds",
      [
        "", "seconds", "members p50", "p99", "of idle", "getters p50", "p99", "of idle", "server",
        "load",
      ])
    let parts: [(name: String, part: KeyPath<FileTalk.Sample, FileTalk.Part>)] = [
      ("idle", \.idle), ("while it is sent", \.upload), ("while it is got", \.download),
    ]
    for (name, part) in parts {
      var row = [name, Runs(samples.map { $0[keyPath: part].seconds }).text(1)]
      for histogram in [\FileTalk.Part.members, \.receivers] {
        func milliseconds(_ sample: FileTalk.Part, _ share: Double) -> Double {
          sample[keyPath: histogram].milliseconds(share)
        }
        row += [
          Runs(samples.map { milliseconds($0[keyPath: part], 0.5) }).text(2),
          Runs(samples.map { milliseconds($0[keyPath: part], 0.99) }).text(2),
          Runs.fixed(
            Runs(
              samples.map {
                milliseconds($0[keyPath: part], 0.99) / milliseconds($0.idle, 0.99)
              }
            ).median, 1),
        ]
      }
      row += [
        Runs.fixed(Runs(samples.map { $0[keyPath: part].serverShare }).median, 2),
        Runs.fixed(Runs(samples.map { $0[keyPath: part].loadShare }).median, 2),
      ]
      table.add(row)
    }
    runner.show(table)
    let texts =
      samples.flatMap { [$0.idle, $0.upload, $0.download] }.map(\.members.total).min() ?? 0
    runner.say(
      """

      'of idle' is the p99's, in the same run; each part has \(texts) latencies at least. \(note)

      """)
  }

  private func gigabytes(_ bytes: Int) -> String { "\(Runs.figures(Double(bytes) / 1e9)) GB" }
}

extension FileTrip {
  /// The leg between two moments, for all receivers together.
  fileprivate func leg(
    _ start: KeyPath<FileTrip, Moment?>, _ end: KeyPath<FileTrip, Moment?>
  ) throws -> Leg {
    guard let start = self[keyPath: start], let end = self[keyPath: end] else {
      throw BenchError("the file moved before anybody looked")
    }
    return Leg(
      from: start, to: end, bytes: sizeBytes * (end.time == saved?.time ? receivers.count : 1))
  }
}
