import ChatSystem
import Foundation

/// Runs the workloads for each subject in turn, and prints a table for each workload.
struct Bench {
  let subjects: [any Subject]
  let runs: Int
  let workloads: Set<Workload>
  /// How large the file is that 'files' moves.
  let fileBytes: Int
  /// The throughput workloads' medians, drawn.
  private(set) var chart: Chart

  /// One row of a table, and how to get its figures.
  struct Entrant<Sample> {
    let name: String
    let run: () throws -> Sample
  }

  init(
    subjects: [any Subject], runs: Int, workloads: Set<Workload>, fileBytes: Int, date: String
  ) {
    self.subjects = subjects
    self.runs = runs
    self.workloads = workloads
    self.fileBytes = fileBytes
    chart = Chart(
      title: "Deliveries a second, in millions",
      subtitle: "64-byte texts, medians of \(runs), server and load on the same"
        + " \(ProcessInfo.processInfo.activeProcessorCount) processor cores, \(date)")
  }

  mutating func run() {
    say("ratio: how many times as good \(ChatServerSubject.plainName) is; below 1, worse\n")
    for workload in Workload.allCases where workloads.contains(workload) {
      switch workload {
      case .fan100:
        throughput(
          "1 to 100", Throughput(receivers: 100, senders: 1), subjects, hasKernel: true)
      case .fan1000:
        throughput(
          "1 to 1,000", Throughput(receivers: 1_000, senders: 1), plain, hasKernel: true)
      case .all50: throughput("50 to 50", Throughput(receivers: 50, senders: 50), subjects)
      case .rooms:
        throughput(
          "100 rooms of 10", Throughput(receivers: 1_000, senders: 100, rooms: 100), plain)
      case .sizes: sizes([16, 64, 256, 1_024, 8_191])
      case .latency500: latency(500)
      case .latency2000: latency(2_000)
      case .slow: slowReaders()
      case .join: fullHouse("5,000 join one room", 5_000)
      case .idle: fullHouse("10,000 in one room, idle", 10_000)
      case .history: history()
      case .files: files()
      }
    }
  }

  // MARK: Workloads

  private mutating func throughput(
    _ title: String, _ work: Throughput, _ subjects: [any Subject], hasKernel: Bool = false
  ) {
    var table = Table(
      title + ", 64 bytes: million deliveries a second",
      ["server", "median (spread)", "ratio", "processor s per million", "load", "server", "window"])
    let able = able(
      subjects, title, people: work.people, size: work.size, needsRooms: work.rooms > 1)
    let windows = able.map { bestWindow(work, $0) }
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
    let samples = alternate(entrants)
    let own = own(entrants, samples) { $0.deliveriesPerSecond }
    var bars: [Chart.Bar] = []
    for (index, (entrant, samples)) in zip(entrants, samples).enumerated() {
      let rate = Runs(valid(samples).map(\.deliveriesPerSecond))
      table.add([
        entrant.name, rateText(samples), Runs.fixed(own / rate.median, 2),
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
    show(table)
  }

  /// The window that suits a subject best. The first that is too much for it ends the search.
  private func bestWindow(_ work: Throughput, _ subject: any Subject) -> Int {
    var best = (window: work.windows[0], rate: 0.0)
    for window in work.windows {
      guard let rate = try? work.run(subject, window: window).deliveriesPerSecond else { break }
      if rate > best.rate { best = (window, rate) }
    }
    return best.window
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
      let entrants = able(plain, "texts of \(size) bytes", people: 101, size: size).map { subject in
        // Half a MiB on the way suits most.
        Entrant(name: subject.name) { try work.run(subject, window: work.windows[1]) }
      }
      let samples = alternate(entrants)
      let own = own(entrants, samples) { $0.deliveriesPerSecond }
      for (entrant, samples) in zip(entrants, samples) {
        let rate = Runs(valid(samples).map(\.deliveriesPerSecond))
        table.add([
          entrant.name, "\(size)", rateText(samples), Runs.fixed(own / rate.median, 2),
          Runs.fixed(rate.median * Double(size) / 1e6, 0),
          Runs.fixed(Runs(samples.map(\.processorSecondsPerMillion)).median, 3),
          Runs.fixed(Runs(samples.map(\.loadShare)).median, 2),
          Runs.fixed(Runs(samples.map(\.serverShare)).median, 2),
        ])
      }
    }
    show(table)
  }

  private func latency(_ rate: Int) {
    let title = "100 receivers, \(rate) lines a second"
    var table = Table(
      title + ": milliseconds",
      ["server", "p50", "ratio", "p99", "ratio", "p99.9", "ratio", "server", "load"])
    let entrants = able(subjects, title, people: 101).map { subject in
      Entrant(name: subject.name) {
        try Latency(receivers: 100, linesPerSecond: rate).run(subject)
      }
    }
    let samples = alternate(entrants)
    let columns: [(Latency.Sample) -> Double] = [{ $0.median }, { $0.p99 }, { $0.p999 }]
    let owns = columns.map { own(entrants, samples, $0) }
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
    show(table)
  }

  private func fullHouse(_ title: String, _ people: Int) {
    var table = Table(
      title,
      [
        "server", "joins a second", "ratio", "seconds until all heard of all", "KiB each", "ratio",
      ])
    let entrants = able(plain, title, people: people).map { subject in
      Entrant(name: subject.name) { try FullHouse(people: people).run(subject) }
    }
    let samples = alternate(entrants)
    let ownRate = own(entrants, samples) { $0.joinsPerSecond }
    let ownBytes = own(entrants, samples) { Double($0.residentBytesEach) }
    for (entrant, samples) in zip(entrants, samples) {
      let rate = Runs(samples.map(\.joinsPerSecond))
      let bytes = Runs(samples.map { Double($0.residentBytesEach) })
      table.add([
        entrant.name, rate.text(0), Runs.fixed(ownRate / rate.median, 2),
        Runs(samples.map(\.seconds)).text(2), bytes.text(1, scale: 1 / 1_024.0),
        Runs.fixed(bytes.median / ownBytes, 2),
      ])
    }
    show(table)
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
    let able = able(plain, title, people: 101)
    let all = alternate(
      able.map { subject in
        Entrant(name: subject.name) { try SlowReaders(never: 0, tenth: 0).run(subject) }
      })
    let some = alternate(
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
    show(table)
  }

  private func history() {
    guard subjects.contains(where: { $0.name == ChatServerSubject.plainName }) else { return }
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
      show(table)
    } catch { say("The history cannot be measured: \(error)\n") }
  }

  // MARK: Running

  /// All but the variants of this project's own server.
  private var plain: [any Subject] {
    let variants = subjects.filter { $0.name.hasPrefix(ChatServerSubject.plainName) }
    guard variants.count > 1 else { return subjects }
    return subjects.filter { $0.name != variants[1].name }
  }

  /// Those of the subjects that can do it; of the others it is said why not.
  private func able(
    _ subjects: [any Subject], _ title: String, people: Int, size: Int = 64,
    needsRooms: Bool = false
  ) -> [any Subject] {
    subjects.filter { subject in
      var reason: String?
      if people > subject.mostClients { reason = "it takes \(subject.mostClients) clients" }
      if size > subject.longestText { reason = "it takes \(subject.longestText) bytes of text" }
      if needsRooms && !subject.hasRooms { reason = "it has no rooms" }
      if let reason { say("\(subject.name) is left out of '\(title)': \(reason)\n") }
      return reason == nil
    }
  }

  /// Runs each entrant in turn, as often as asked for; what fails is said and left out.
  func alternate<Sample>(_ entrants: [Entrant<Sample>]) -> [[Sample]] {
    var samples = entrants.map { _ in [Sample]() }
    for _ in 0..<runs {
      for (index, entrant) in entrants.enumerated() {
        do { samples[index].append(try entrant.run()) } catch {
          StandardStream.error.writeIfPossible("chat-bench: \(entrant.name): \(error)\n")
        }
      }
    }
    return samples
  }

  /// The median of what this project's server reached, not a number if it was not asked.
  private func own<Sample>(
    _ entrants: [Entrant<Sample>], _ samples: [[Sample]], _ value: (Sample) -> Double
  ) -> Double {
    zip(entrants, samples).first { $0.0.name == ChatServerSubject.plainName }
      .map { Runs($0.1.map(value)).median } ?? .nan
  }

  // MARK: Figures

  /// Those that measured the server and not the load generator.
  private func valid(_ samples: [Throughput.Sample]) -> [Throughput.Sample] {
    samples.filter { !$0.isSaturated }
  }

  private func rateText(_ samples: [Throughput.Sample]) -> String {
    let valid = valid(samples)
    if valid.isEmpty && !samples.isEmpty { return "not valid: the load generator was saturated" }
    let note = valid.count < samples.count ? ", \(samples.count - valid.count) not valid" : ""
    return Runs(valid.map(\.deliveriesPerSecond)).text(2, scale: 1e-6) + note
  }

  func show(_ table: Table) { say(table.text) }

  func say(_ text: String) { StandardStream.output.writeIfPossible(text) }
}
