import ChatSystem
import Foundation

/// Runs the workloads for each subject in turn, and prints a table for each workload.
struct Bench {
  let subjects: [any Subject]
  let runs: Int
  let workloads: Set<String>

  /// What there is to run.
  static let names = [
    "fan100", "fan1000", "all50", "latency500", "latency2000", "join", "idle", "slow",
  ]

  func run() {
    if has("fan100") { throughput("1 to 100, 64 bytes", Throughput(receivers: 100, senders: 1)) }
    if has("fan1000") {
      throughput("1 to 1,000, 64 bytes", Throughput(receivers: 1_000, senders: 1))
    }
    if has("all50") { throughput("50 to 50, 64 bytes", Throughput(receivers: 50, senders: 50)) }
    for rate in [500, 2_000] where has("latency\(rate)") { latency(rate) }
    if has("join") { fullHouse("5,000 join one room", 5_000, subjects) }
    if has("idle") { fullHouse("10,000 in one room, idle", 10_000, subjects) }
    if has("slow") { slowReaders() }
  }

  private func has(_ name: String) -> Bool { workloads.contains(name) }

  private func throughput(_ title: String, _ work: Throughput) {
    var table = Table(
      title + ": million deliveries a second",
      ["server", "median (spread)", "ratio", "processor s per million", "load", "server", "window"])
    // Each gets the window that suits it best.
    let windows = subjects.map { subject in
      (
        subject.name,
        [1_024, 8_192, 65_536].map { window in
          let window = work.senders == 1 ? window : max(64, window / work.senders)
          return (window, (try? work.run(subject, window: window))?.deliveriesPerSecond ?? 0)
        }.max { $0.1 < $1.1 }?.0 ?? 1_024
      )
    }
    let best = Dictionary(uniqueKeysWithValues: windows)
    let samples = alternate { subject in
      let sample = try work.run(subject, window: best[subject.name] ?? 1_024)
      if sample.isSaturated { throw BenchError("not valid: the load generator was saturated") }
      return sample
    }
    let own = Runs(samples[0].map(\.deliveriesPerSecond)).median
    for (subject, samples) in zip(subjects, samples) {
      let rate = Runs(samples.map(\.deliveriesPerSecond))
      table.add([
        subject.name, rate.text(1, scale: 1e-6), Runs.fixed(own / rate.median, 2),
        Runs.fixed(Runs(samples.map(\.processorSecondsPerMillion)).median, 3),
        Runs.fixed(Runs(samples.map(\.loadShare)).median, 2),
        Runs.fixed(Runs(samples.map(\.serverShare)).median, 2),
        samples.isEmpty ? "–" : "\(best[subject.name] ?? 0)",
      ])
    }
    show(table)
  }

  private func latency(_ rate: Int) {
    var table = Table(
      "100 receivers, \(rate) lines a second: milliseconds",
      ["server", "p50", "p99", "p99.9", "processor share"])
    let samples = alternate { try Latency(receivers: 100, linesPerSecond: rate).run($0) }
    for (subject, samples) in zip(subjects, samples) {
      table.add([
        subject.name, Runs(samples.map(\.median)).text(2), Runs(samples.map(\.p99)).text(2),
        Runs(samples.map(\.p999)).text(2),
        Runs.fixed(Runs(samples.map(\.processorShare)).median, 2),
      ])
    }
    show(table)
  }

  private func fullHouse(_ title: String, _ people: Int, _ subjects: [any Subject]) {
    var table = Table(
      title, ["server", "joins a second", "seconds until all heard of all", "KiB each"])
    let samples = alternate { try FullHouse(people: people).run($0) }
    for (subject, samples) in zip(subjects, samples) {
      table.add([
        subject.name, Runs(samples.map(\.joinsPerSecond)).text(0),
        Runs(samples.map(\.seconds)).text(2),
        Runs(samples.map { Double($0.residentBytesEach) }).text(1, scale: 1 / 1_024.0),
      ])
    }
    show(table)
  }

  private func slowReaders() {
    var table = Table(
      "100 readers, 10 of whom never read: thousand texts a second for the others",
      ["server", "all read", "10 never read", "share", "memory growth, MiB"])
    let all = alternate { try SlowReaders(never: 0).run($0, window: 1_024) }
    let some = alternate { try SlowReaders(never: 10).run($0, window: 1_024) }
    for (index, subject) in subjects.enumerated() {
      let before = Runs(all[index].map(\.textsPerSecond))
      let after = Runs(some[index].map(\.textsPerSecond))
      table.add([
        subject.name, before.text(0, scale: 1e-3), after.text(0, scale: 1e-3),
        Runs.fixed(after.median / before.median, 2),
        Runs(some[index].map { Double($0.memoryGrowthBytes) }).text(0, scale: 1 / 1_048_576.0),
      ])
    }
    show(table)
  }

  /// Runs each subject in turn, as often as asked for; what fails is said and left out.
  private func alternate<Sample>(_ run: (any Subject) throws -> Sample) -> [[Sample]] {
    var samples = subjects.map { _ in [Sample]() }
    for _ in 0..<runs {
      for (index, subject) in subjects.enumerated() {
        do { samples[index].append(try run(subject)) } catch {
          StandardStream.error.writeIfPossible("chat-bench: \(subject.name): \(error)\n")
        }
      }
    }
    return samples
  }

  private func show(_ table: Table) { StandardStream.output.writeIfPossible(table.text) }
}
