import ChatSystem

/// What the history costs: the same work with it and without it, in turn.
struct HistoryCost {
  private let runner: Runner

  init(_ runner: Runner) { self.runner = runner }

  private static let on = ChatServerSubject()
  private static let off = ChatServerSubject(hasHistory: false)

  // MARK: Throughput

  private static let bursts = 4
  /// All senders' texts of a burst: 32 MB of texts, 36 MB as the room's log has them.
  private static let textsOfBurst = 500_000
  /// In this time, what runs behind catches up.
  private static let pause = Duration.seconds(2)

  func bursts() {
    throughput(
      "Bursts of 32 MB, the server idle for 2 s before each", goal: "≥ 0.95"
    ) { work, subject, window in
      try work.run(
        subject, window: window, bursts: Self.bursts, texts: Self.textsOfBurst, pause: Self.pause)
    }
  }

  func sustained() {
    throughput("20 s without a pause", goal: "≥ 0.80") { work, subject, window in
      var work = work
      work.seconds = 20
      return try work.run(subject, window: window)
    }
  }

  private func throughput(
    _ title: String, goal: String,
    _ run: @escaping (Throughput, ChatServerSubject, Int) throws -> Throughput.Sample
  ) {
    guard runner.hasOwn else { return }
    var table = Table(
      title + ", 64 bytes: million deliveries a second",
      [
        "history", "on", "off", "on / off", "goal", "processor s per million: on", "off",
        "window: on", "off",
      ])
    var runs = ""
    for (name, work) in [
      ("1 to 100", Throughput(receivers: 100, senders: 1)),
      ("50 to 50", Throughput(receivers: 50, senders: 50)),
    ] {
      let windows = [Self.on, Self.off].map { work.bestWindow(for: $0, runs: 3) }
      let samples = alternate(name) { subject, index in try run(work, subject, windows[index]) }
      let rates = samples.map { runner.valid($0).map { $0.deliveriesPerSecond / 1e6 } }
      let medians = rates.map { Runs($0).median }
      table.add(
        [name] + samples.map { runner.rateText($0) }
          + [Runs.fixed(medians[0] / medians[1], 2), goal]
          + samples.map { Runs.fixed(Runs($0.map(\.processorSecondsPerMillion)).median, 3) }
          + windows.map { "\($0)" })
      runs += Self.text(name, rates, digits: 1)
    }
    runner.show(table)
    runner.say(runs)
  }

  // MARK: Latency

  private static let receivers = 100
  private static let latencySeconds = 5.0

  func latency() {
    guard runner.hasOwn else { return }
    latency(
      "100 receivers: milliseconds",
      [500: ["≤ +0.03 ms", "–", "–"], 2_000: ["–", "≤ 1.15", "≤ 1.15"]])
  }

  func latencyBesideBusyDisk() {
    guard runner.hasOwn else { return }
    do {
      let disk = try BusyDisk()
      latency(
        "100 receivers, while another process has 4 MB written through, again and again:"
          + " milliseconds",
        [2_000: ["–", "≤ 1.50", "≤ 1.50"]])
      runner.say(
        "The other process waited for the disk \(Runs.fixed(disk.syncsPerSecond, 1)) times a second.\n"
      )
    } catch { runner.say("The disk cannot be kept busy: \(error)\n") }
  }

  /// - Parameter goals: for each rate, those of p50, p99 and p99.9.
  private func latency(_ title: String, _ goals: [Int: [String]]) {
    var table = Table(title, ["history", "on", "off", "on / off", "on − off", "goal"])
    var runs = ""
    for (rate, goals) in goals.sorted(by: { $0.key < $1.key }) {
      let samples = alternate("\(rate) lines a second") { subject, _ in
        var work = Latency(receivers: Self.receivers, linesPerSecond: rate)
        work.seconds = Self.latencySeconds
        return try work.run(subject)
      }
      let quantiles: [(String, (Latency.Sample) -> Double)] = [
        ("p50", { $0.median }), ("p99", { $0.p99 }), ("p99.9", { $0.p999 }),
      ]
      for ((quantile, value), goal) in zip(quantiles, goals) {
        let name = "\(rate) lines a second, \(quantile)"
        let values = samples.map { $0.map(value) }
        let medians = values.map { Runs($0).median }
        table.add(
          [name] + values.map { Runs($0).text(2) } + [
            Runs.fixed(medians[0] / medians[1], 2), Runs.fixed(medians[0] - medians[1], 2), goal,
          ])
        runs += Self.text(name, values, digits: 2)
      }
    }
    runner.show(table)
    runner.say(runs)
  }

  // MARK: Turns

  /// The samples with the history, and those without.
  private func alternate<Sample>(
    _ name: String, _ run: @escaping (ChatServerSubject, _ index: Int) throws -> Sample
  ) -> [[Sample]] {
    runner.alternate(
      [Self.on, Self.off].enumerated().map { index, subject in
        Entrant(name: "\(name), \(subject.name)") { try run(subject, index) }
      })
  }

  /// All runs in their order.
  private static func text(_ name: String, _ values: [[Double]], digits: Int) -> String {
    let texts = values.map { $0.map { Runs.fixed($0, digits) }.joined(separator: " ") }
    return "All runs of \(name): on \(texts[0]); off \(texts[1])\n"
  }
}
