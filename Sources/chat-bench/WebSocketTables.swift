import ChatTLS

/// What WebSocket costs beside the same lines over TCP, plain and over TLS, and what a broadcast of Node.js makes of it.
struct WebSocketTables {
  private static let idlePeople = 1_000
  /// Node.js makes a call of the system for each delivery: what a larger window holds would take it a minute.
  private static let nodeWindowBytes = [4_096, 16_384]

  private let runner: Runner
  /// Each without WebSocket and with it.
  private let servers: [(tcp: any Subject, webSocket: any Subject)]
  private let node: NodeSubject?

  /// - Throws: `TLSError` where nothing can be encrypted.
  init(_ runner: Runner) throws {
    self.runner = runner
    servers = [
      (ChatServerSubject(), ChatServerSubject(isWebSocket: true)),
      (
        ChatServerSubject(trust: try TLSTrust()),
        ChatServerSubject(trust: try TLSTrust(speaking: "http/1.1"), isWebSocket: true)
      ),
    ]
    node = NodeSubject()
  }

  private var subjects: [any Subject] {
    let own: [any Subject] = servers.flatMap { [$0.tcp, $0.webSocket] }
    guard let node else { return own }
    return own + [node]
  }

  func show() {
    guard runner.hasOwn else { return }
    if node == nil {
      runner.say("\(NodeSubject.plainName) is left out: Node.js or its package ws is missing\n")
    }
    throughput("1 to 100", Throughput(receivers: 100, senders: 1))
    throughput("1 to 1,000", Throughput(receivers: 1_000, senders: 1))
    runner.say(
      "The sender is connected as the readers are. Goal: WebSocket ≥ 0.6 of plain TCP.\n")
    idle()
  }

  private func throughput(_ name: String, _ work: Throughput) {
    var table = Table(
      name + " over WebSocket, 64 bytes: million deliveries a second",
      [
        "server", "median (spread)", "of its TCP", "ratio", "processor s per million", "load",
        "server", "window",
      ])
    let works = subjects.map { subject in
      var work = work
      if subject.name == NodeSubject.plainName { work.windowBytes = Self.nodeWindowBytes }
      return work
    }
    let windows = zip(subjects, works).map { $1.bestWindow(for: $0) }
    let samples = runner.alternate(
      subjects.indices.map { index in
        Entrant(name: subjects[index].name) {
          try works[index].run(subjects[index], window: windows[index])
        }
      })
    let medians = samples.map { Runs(runner.valid($0).map(\.deliveriesPerSecond)).median }
    for (index, subject) in subjects.enumerated() {
      // Without WebSocket and with it take turns; the peer is behind them.
      let isOwn = index < 2 * servers.count
      let isWebSocket = !isOwn || !index.isMultiple(of: 2)
      table.add([
        subject.name, runner.rateText(samples[index]),
        isOwn && isWebSocket ? Runs.fixed(medians[index] / medians[index - 1], 2) : "–",
        isWebSocket ? Runs.fixed(medians[1] / medians[index], 2) : "–",
        Runs.fixed(Runs(samples[index].map(\.processorSecondsPerMillion)).median, 3),
        Runs.fixed(Runs(samples[index].map(\.loadShare)).median, 2),
        Runs.fixed(Runs(samples[index].map(\.serverShare)).median, 2),
        "\(windows[index])",
      ])
    }
    runner.show(table)
  }

  private func idle() {
    var table = Table(
      "\(Self.idlePeople) who come into one room and do nothing",
      ["server", "KiB each", "seconds until all are in"])
    let samples = runner.alternate(
      subjects.map { subject in
        Entrant(name: subject.name) { try FullHouse(people: Self.idlePeople).run(subject) }
      })
    for (subject, samples) in zip(subjects, samples) {
      table.add([
        subject.name,
        Runs(samples.map { Double($0.residentBytesEach) }).text(1, scale: 1 / 1_024.0),
        Runs(samples.map(\.seconds)).text(2),
      ])
    }
    runner.show(table)
  }
}
