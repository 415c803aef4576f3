import ChatSystem

/// What the promises cost that a line is kept: `--durable`, and the start of a server that was killed.
struct DurabilityTables {
  private let runner: Runner

  init(_ runner: Runner) { self.runner = runner }

  // MARK: --durable

  func durable() {
    guard runner.hasOwn else { return }
    var table = Table(
      "One writer who waits for each line, and 500 lines a second to 100 receivers",
      ["server", "lines a second", "p50, ms", "p99", "500 lines: p50, ms", "p99", "p99.9"])
    let samples = runner.alternate(
      [ChatServerSubject(isDurable: true), ChatServerSubject()].map { subject in
        Entrant(name: subject.name) {
          (
            name: subject.name, alone: try Turnaround().run(subject),
            many: try Latency(receivers: 100, linesPerSecond: 500).run(subject)
          )
        }
      })
    for samples in samples {
      guard let name = samples.first?.name else { continue }
      table.add([
        name, Runs(samples.map(\.alone.groupsPerSecond)).text(0),
        Runs(samples.map(\.alone.median)).text(2), Runs(samples.map(\.alone.p99)).text(2),
        Runs(samples.map(\.many.median)).text(2), Runs(samples.map(\.many.p99)).text(2),
        Runs(samples.map(\.many.p999)).text(2),
      ])
    }
    runner.show(table)
    runner.say(
      "Each line of the one writer is a group of its own. Goal: none but the version before.\n")
  }

  // MARK: A locked database

  func locked() {
    guard runner.hasOwn else { return }
    guard RunningServer.path(of: DatabaseLock.program) != nil else {
      return runner.say("locked is left out: \(DatabaseLock.program) is not installed\n")
    }
    let works = [LockedTalk(isLocked: true), LockedTalk(isLocked: false)]
    var table = Table(
      "\(works[0].linesPerSecond) lines a second to \(works[0].receivers) for"
        + " \(Int(works[0].seconds)) s: milliseconds, each run",
      ["the database", "p50", "p99.9", "the slowest", "goal", "lines said", "missing", "misplaced"])
    let samples = runner.alternate(
      works.map { work in
        Entrant(name: work.isLocked ? "locked" : "not locked") {
          try work.run(ChatServerSubject())
        }
      })
    for (work, samples) in zip(works, samples) {
      for sample in samples {
        table.add([
          work.isLocked ? "locked by another process" : "not locked",
          Runs.fixed(sample.median, 2), Runs.fixed(sample.p999, 2), Runs.fixed(sample.slowest, 2),
          work.isLocked ? "≤ 5" : "–", "\(sample.said)", "\(sample.missing)",
          "\(sample.past.misplaced)",
        ])
      }
    }
    runner.show(table)
  }

  // MARK: Starting

  func startFullJournal() {
    guard runner.hasOwn else { return }
    guard RunningServer.path(of: DatabaseLock.program) != nil else {
      return runner.say(
        "start-full-journal is left out: \(DatabaseLock.program) is not installed\n")
    }
    let work = FullJournal()
    var table = Table(
      "Killed with \(work.bytes / 1_000_000) MB of lines that were not in the database:"
        + " seconds until the first line on standard output",
      ["", "the start after it", "goal", "the next start", "lines said", "missing", "misplaced"])
    let samples = runner.alternate([
      Entrant(name: "start-full-journal") { try work.run(ChatServerSubject()) }
    ])[0]
    for (index, sample) in samples.enumerated() {
      table.add([
        "run \(index + 1)", Runs.fixed(sample.startSeconds, 3), "< 2",
        Runs.fixed(sample.nextStartSeconds, 3), "\(sample.said)", "\(sample.missing)",
        "\(sample.past.misplaced)",
      ])
    }
    guard !samples.isEmpty else { return }
    runner.show(table)
    let starts = Runs(samples.map(\.startSeconds))
    runner.say("Median \(starts.text(3)) s. ")
    let incomplete = samples.filter { $0.missing > 0 || $0.past.misplaced > 0 }
    runner.say(
      incomplete.isEmpty
        ? "No line is missing, the last one is there.\n"
        : "LINES ARE MISSING in \(incomplete.count) of \(samples.count) runs: what was to be put into"
          + " the database at the start was not all there, so the time says little.\n")
  }
}
