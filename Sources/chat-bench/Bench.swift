import ChatSystem
import Foundation

/// Runs the workloads for each subject in turn, and prints a table for each workload.
struct Bench {
  private let runner: Runner
  private let workloads: Set<Workload>
  /// The size of the file that 'files' and 'latency-files' move.
  private let fileBytes: Int
  /// The throughput workloads' medians, drawn.
  private(set) var chart: Chart

  init(
    subjects: [any Subject], runs: Int, workloads: Set<Workload>, fileBytes: Int, date: String
  ) {
    runner = Runner(subjects: subjects, runs: runs)
    self.workloads = workloads
    self.fileBytes = fileBytes
    chart = Chart(
      title: "Deliveries a second, in millions",
      subtitle: "64-byte texts, medians of \(runs), server and load on the same"
        + " \(ProcessInfo.processInfo.activeProcessorCount) processor cores, \(date)")
  }

  mutating func run() {
    runner.say("ratio: how many times as good \(ChatServerSubject.plainName) is; below 1, worse\n")
    for workload in Workload.allCases where workloads.contains(workload) {
      switch workload {
      case .fan100:
        throughput(
          "1 to 100", Throughput(receivers: 100, senders: 1), runner.subjects, hasKernel: true)
      case .fan1000:
        throughput(
          "1 to 1,000", Throughput(receivers: 1_000, senders: 1), runner.plain, hasKernel: true)
      case .all50: throughput("50 to 50", Throughput(receivers: 50, senders: 50), runner.subjects)
      case .rooms:
        throughput(
          "100 rooms of 10", Throughput(receivers: 1_000, senders: 100, rooms: 100), runner.plain)
      case .sizes: sizes([16, 64, 256, 1_024, 8_191])
      case .latency500: latency(500)
      case .latency2000: latency(2_000)
      case .slow: slowReaders()
      case .join: fullHouse("5,000 join one room", 5_000)
      case .idle: fullHouse("10,000 in one room, idle", 10_000)
      case .history: history()
      case .bursts: historyCost.bursts()
      case .sustained: historyCost.sustained()
      case .latencyHistory: historyCost.latency()
      case .latencyBusyDisk: historyCost.latencyBesideBusyDisk()
      case .durable: durability.durable()
      case .locked: durability.locked()
      case .startFullJournal: durability.startFullJournal()
      case .files: FileTables(runner, fileBytes: fileBytes).transfers()
      case .latencyFiles: FileTables(runner, fileBytes: fileBytes).talk()
      case .tls: tlsTables?.throughput()
      case .door: tlsTables?.door()
      case .ws: webSocketTables?.show()
      }
    }
  }

  private var historyCost: HistoryCost { HistoryCost(runner) }
  private var durability: DurabilityTables { DurabilityTables(runner) }
  private var tlsTables: TLSTables? { encrypting { try TLSTables(runner) } }
  private var webSocketTables: WebSocketTables? { encrypting { try WebSocketTables(runner) } }

  private func encrypting<Tables>(_ make: () throws -> Tables) -> Tables? {
    do { return try make() } catch {
      runner.say("TLS cannot be measured: \(error)\n")
      return nil
    }
  }

  // MARK: Workloads

  private mutating func throughput(
    _ title: String, _ work: Throughput, _ subjects: [any Subject], hasKernel: Bool = false
  ) {
    var table = Table(
      title + ", 64 bytes: million deliveries a second",
      ["server", "median (spread)", "ratio", "processor s per million", "load", "server", "window"])
    let able = runner.able(
      subjects, title, people: work.people, size: work.size, needsRooms: work.rooms > 1)
    let windows = able.map { work.bestWindow(for: $0) }
    var entrants = zip(able, windows).map { subject, window in
      Entrant(name: subject.name) { try work.run(subject, window: window) }
    }
    if hasKernel {
      entrants += KernelBound.Piece.allCases.map { piece in
        Entrant(name: piece.name) {
          try KernelBound(piece: piece, receivers: work.receivers).run()
        }
      }
    }
    let samples = runner.alternate(entrants)
    let own = runner.own(entrants, samples) { $0.deliveriesPerSecond }
    var bars: [Chart.Bar] = []
    for (index, (entrant, samples)) in zip(entrants, samples).enumerated() {
      let rate = Runs(runner.valid(samples).map(\.deliveriesPerSecond))
      table.add([
        entrant.name, runner.rateText(samples), Runs.fixed(own / rate.median, 2),
        Runs.fixed(Runs(samples.map(\.processorSecondsPerMillion)).median, 3),
        Runs.fixed(Runs(samples.map(\.loadShare)).median, 2),
        Runs.fixed(Runs(samples.map(\.serverShare)).median, 2),
        index < windows.count ? "\(windows[index])" : "–",
      ])
      guard rate.median.isFinite else { continue }
      bars.append(
        Chart.Bar(
          name: entrant.name, value: rate.median, label: Runs.figures(rate.median / 1e6),
          kind: index >= able.count
            ? .bound : entrant.name.hasPrefix(ChatServerSubject.plainName) ? .own : .other))
    }
    chart.groups.append(Chart.Group(title: title, bars: bars))
    runner.show(table)
  }

  private func sizes(_ sizes: [Int]) {
    var table = Table(
      "1 to 100, texts of several sizes",
      [
        "server", "bytes", "million deliveries a second", "ratio", "MB/s",
        "processor s per million", "load", "server",
      ])
    for size in sizes {
      let work = Throughput(receivers: 100, senders: 1, size: size)
      let entrants = runner.able(runner.plain, "texts of \(size) bytes", people: 101, size: size)
        .map { subject in
          // Half a MiB on the way suits most.
          Entrant(name: subject.name) { try work.run(subject, window: work.windows[1]) }
        }
      let samples = runner.alternate(entrants)
      let own = runner.own(entrants, samples) { $0.deliveriesPerSecond }
      for (entrant, samples) in zip(entrants, samples) {
        let rate = Runs(runner.valid(samples).map(\.deliveriesPerSecond))
        table.add([
          entrant.name, "\(size)", runner.rateText(samples), Runs.fixed(own / rate.median, 2),
          Runs.fixed(rate.median * Double(size) / 1e6, 0),
          Runs.fixed(Runs(samples.map(\.processorSecondsPerMillion)).median, 3),
          Runs.fixed(Runs(samples.map(\.loadShare)).median, 2),
          Runs.fixed(Runs(samples.map(\.serverShare)).median, 2),
        ])
      }
    }
    runner.show(table)
  }

  private func latency(_ rate: Int) {
    let title = "100 receivers, \(rate) lines a second"
    var table = Table(
      title + ": milliseconds",
      ["server", "p50", "ratio", "p99", "ratio", "p99.9", "ratio", "server", "load"])
    let entrants = runner.able(runner.subjects, title, people: 101).map { subject in
      Entrant(name: subject.name) {
        try Latency(receivers: 100, linesPerSecond: rate).run(subject)
      }
    }
    let samples = runner.alternate(entrants)
    let columns: [(Latency.Sample) -> Double] = [{ $0.median }, { $0.p99 }, { $0.p999 }]
    let owns = columns.map { runner.own(entrants, samples, $0) }
    for (entrant, samples) in zip(entrants, samples) {
      var row = [entrant.name]
      for (column, own) in zip(columns, owns) {
        let runs = Runs(samples.map(column))
        row += [runs.text(2), Runs.fixed(runs.median / own, 2)]
      }
      row += [
        Runs.fixed(Runs(samples.map(\.processorShare)).median, 2),
        Runs.fixed(Runs(samples.map(\.loadShare)).median, 2),
      ]
      table.add(row)
    }
    runner.show(table)
  }

  private func fullHouse(_ title: String, _ people: Int) {
    var table = Table(
      title,
      [
        "server", "joins a second", "ratio", "seconds until all heard of all", "KiB each", "ratio",
      ])
    let entrants = runner.able(runner.plain, title, people: people).map { subject in
      Entrant(name: subject.name) { try FullHouse(people: people).run(subject) }
    }
    let samples = runner.alternate(entrants)
    let ownRate = runner.own(entrants, samples) { $0.joinsPerSecond }
    let ownBytes = runner.own(entrants, samples) { Double($0.residentBytesEach) }
    for (entrant, samples) in zip(entrants, samples) {
      let rate = Runs(samples.map(\.joinsPerSecond))
      let bytes = Runs(samples.map { Double($0.residentBytesEach) })
      table.add([
        entrant.name, rate.text(0), Runs.fixed(ownRate / rate.median, 2),
        Runs(samples.map(\.seconds)).text(2), bytes.text(1, scale: 1 / 1_024.0),
        Runs.fixed(bytes.median / ownBytes, 2),
      ])
    }
    runner.show(table)
  }

  private func slowReaders() {
    let title = "100 readers, 10 of whom never read and 10 at a tenth"
    var table = Table(
      title + ": thousand texts of 400 bytes a second for the others",
      [
        "server", "all read", "with slow ones", "share", "p99, ms", "with slow ones",
        "longest silence, s",
        "memory growth, MiB", "read at a tenth",
      ])
    let able = runner.able(runner.plain, title, people: 101)
    let all = runner.alternate(
      able.map { subject in
        Entrant(name: subject.name) { try SlowReaders(never: 0, tenth: 0).run(subject) }
      })
    let some = runner.alternate(
      able.map { subject in
        Entrant(name: subject.name) { try SlowReaders(never: 10, tenth: 10).run(subject) }
      })
    for (index, subject) in able.enumerated() {
      let before = Runs(all[index].map(\.textsPerSecond))
      let after = Runs(some[index].map(\.textsPerSecond))
      let stops = some[index].contains(where: \.hasStopped)
      table.add([
        subject.name, before.text(0, scale: 1e-3),
        stops ? "stops" : after.text(0, scale: 1e-3),
        stops ? "0" : Runs.fixed(after.median / before.median, 2),
        Runs(all[index].map(\.p99)).text(2), stops ? "–" : Runs(some[index].map(\.p99)).text(2),
        stops ? "–" : Runs(some[index].map(\.silenceSeconds)).text(1),
        Runs(some[index].map { Double($0.memoryGrowthBytes) }).text(0, scale: 1 / 1_048_576.0),
        SlowReaders.text(some[index].flatMap(\.ends)),
      ])
    }
    runner.show(table)
  }

  private func history() {
    guard runner.hasOwn else { return }
    var table = Table(
      "A room's past: milliseconds, medians of 20",
      ["lines said before", "entering", "the last 100", "a search", "a search at once"])
    do {
      let few = try History(lines: 1_000).run(ChatServerSubject())
      let many = try History(lines: 1_000_000).run(ChatServerSubject())
      for (name, sample) in [("1,000", few), ("1,000,000", many)] {
        table.add(
          [name]
            + [sample.entering, sample.last, sample.search, sample.searchAtOnce]
            .map { Runs.fixed($0, 2) })
      }
      table.add(
        ["ratio"]
          + [
            many.entering / few.entering, many.last / few.last, many.search / few.search,
          ].map { Runs.fixed($0, 2) } + ["–"])
      runner.show(table)
      runner.say("Goal: as fast as the version before.\n")
    } catch { runner.say("The history cannot be measured: \(error)\n") }
  }
}
