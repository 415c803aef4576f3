import ChatTLS

/// What TLS costs, and the look at a connection's first bytes.
struct TLSTables {
  private let runner: Runner
  /// Each server plain and over TLS, this project's first.
  private let servers: [(plain: any Subject, encrypted: any Subject)]

  /// - Throws: `TLSError` where nothing can be encrypted.
  init(_ runner: Runner) throws {
    self.runner = runner
    let trust = try TLSTrust()
    let all: [(any Subject, any Subject)] = [
      (ChatServerSubject(), ChatServerSubject(trust: trust)),
      (NatsSubject(), NatsSubject(trust: trust)),
    ]
    servers = all.filter { one in runner.subjects.contains { $0.name == one.0.name } }
  }

  private var subjects: [any Subject] { servers.flatMap { [$0.plain, $0.encrypted] } }

  // MARK: Throughput

  func throughput() {
    for (name, work) in [
      ("1 to 100", Throughput(receivers: 100, senders: 1)),
      ("50 to 50", Throughput(receivers: 50, senders: 50)),
    ] {
      var table = Table(
        name + " over TLS 1.3, 64 bytes: million deliveries a second",
        [
          "server", "median (spread)", "of its plain", "ratio", "processor s per million", "load",
          "server", "window",
        ])
      let windows = subjects.map { work.bestWindow(for: $0) }
      let samples = runner.alternate(
        zip(subjects, windows).map { subject, window in
          Entrant(name: subject.name) { try work.run(subject, window: window) }
        })
      let medians = samples.map { Runs(runner.valid($0).map(\.deliveriesPerSecond)).median }
      for (index, subject) in subjects.enumerated() {
        // Plain and over TLS take turns.
        let isEncrypted = !index.isMultiple(of: 2)
        table.add([
          subject.name, runner.rateText(samples[index]),
          isEncrypted ? Runs.fixed(medians[index] / medians[index - 1], 2) : "–",
          Runs.fixed(medians[isEncrypted ? 1 : 0] / medians[index], 2),
          Runs.fixed(Runs(samples[index].map(\.processorSecondsPerMillion)).median, 3),
          Runs.fixed(Runs(samples[index].map(\.loadShare)).median, 2),
          Runs.fixed(Runs(samples[index].map(\.serverShare)).median, 2),
          "\(windows[index])",
        ])
      }
      runner.show(table)
    }
    runner.say("Goal over TLS: a ratio of 2 to nats-server, and 0.2 to 0.4 of plain.\n")
  }

  // MARK: The door

  private static let idlePeople = 2_000

  func door() {
    handshakes()
    waits()
  }

  private func handshakes() {
    var table = Table(
      "A client that connects, agrees on TLS and goes; \(Self.idlePeople) who stay in one room, idle",
      [
        "server", "processor ms of the server each", "ms until agreed: p50", "p99",
        "KiB for each who stays",
      ])
    let samples = runner.alternate(
      subjects.map { subject in
        Entrant(name: subject.name) {
          (
            handshake: try Handshakes().run(subject),
            stay: try FullHouse(people: Self.idlePeople).run(subject)
          )
        }
      })
    for (subject, samples) in zip(subjects, samples) {
      table.add([
        subject.name, Runs(samples.map(\.handshake.processorMilliseconds)).text(2),
        Runs(samples.map(\.handshake.median)).text(2),
        Runs(samples.map(\.handshake.p99)).text(2),
        Runs(samples.map { Double($0.stay.residentBytesEach) }).text(1, scale: 1 / 1_024.0),
      ])
    }
    runner.show(table)
    runner.say("Goal: 0.7 to 0.9 ms for a handshake, 34 KiB more for each who stays over TLS.\n")
  }

  private func waits() {
    guard runner.hasOwn else { return }
    var table = Table(
      "Until a client has its first line: milliseconds", ["it", "p50", "the slowest", "goal"])
    let samples = runner.alternate(
      FirstLine.allCases.map { way in
        Entrant(name: way.rawValue) { try way.run(servers[0]) }
      })
    for (way, samples) in zip(FirstLine.allCases, samples) {
      table.add([
        way.rawValue, Runs(samples.map(\.median)).text(2), Runs(samples.map(\.slowest)).text(2),
        way == .silent ? "50" : "–",
      ])
    }
    runner.show(table)
  }
}
