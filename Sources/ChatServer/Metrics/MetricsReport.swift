internal import ChatCore
internal import ChatHTTP

/// All numbers of a server, as `/metrics` shows them.
///
/// Thread: any. It takes the locks of the rooms and of their members, one after another.
struct MetricsReport {
  private let server: ServerContext

  init(_ server: ServerContext) { self.server = server }

  /// The numbers at this moment, in Prometheus's text format.
  var text: String {
    var text = MetricsText()
    connections(&text)
    rooms(&text)
    history(&text)
    files(&text)
    refusals(&text)
    return text.text
  }

  private func connections(_ text: inout MetricsText) {
    let groups = Metrics.ConnectionKind.allCases.flatMap { kind in
      [false, true].map { (kind, $0, server.metrics.connections(kind, isEncrypted: $0)) }
    }
    text.begin("chat_connections", .gauge, "Open connections, by what is spoken over them.")
    for (kind, isEncrypted, connections) in groups {
      text.sample(
        "chat_connections", ["kind": kind.rawValue, "tls": "\(isEncrypted)"], connections.open)
    }
    text.begin("chat_connections_total", .counter, "Connections since the start.")
    for (kind, isEncrypted, connections) in groups {
      text.sample(
        "chat_connections_total", ["kind": kind.rawValue, "tls": "\(isEncrypted)"],
        connections.begun.count)
    }
  }

  private func rooms(_ text: inout MetricsText) {
    let metrics = server.metrics
    let rooms = server.rooms.open
    let members = rooms.reduce(0) { $0 + $1.memberCount }
    text.single("chat_rooms", .gauge, "Open rooms.", UInt64(rooms.count))
    text.single("chat_members", .gauge, "Members of open rooms.", UInt64(members))
    text.single(
      "chat_lines_said_total", .counter, "Lines that rooms have taken.", metrics.linesSaid.count)
    text.single(
      "chat_lines_delivered_total", .counter,
      "Lines sent to members: one for each who was sent it.",
      metrics.linesDelivered.count)
    text.single(
      "chat_bytes_delivered_total", .counter, "Bytes sent to members.",
      metrics.bytesDelivered.count)
    text.single("chat_passes_total", .counter, "Passes of broadcasters.", metrics.passes.count)
    text.histogram(
      "chat_line_latency_seconds",
      "From when the oldest line of a pass was said until the pass had sent it.",
      metrics.lineLatency)
    text.begin(
      "chat_slow_readers_total", .counter,
      "Readers that held others back: cut off, or left to read on from the history.")
    text.sample("chat_slow_readers_total", ["outcome": "cut"], metrics.slowReadersCut.count)
    text.sample(
      "chat_slow_readers_total", ["outcome": "detached"], metrics.slowReadersDetached.count)
  }

  private func history(_ text: inout MetricsText) {
    guard let lag = server.history?.lag else { return }
    text.single(
      "chat_journal_bytes", .gauge, "Bytes of the journal that are not free.", lag.journalBytes)
    text.single(
      "chat_archivist_lag_bytes", .gauge, "Bytes of the journal that are not archived yet.",
      lag.unarchivedBytes)
  }

  private func files(_ text: inout MetricsText) {
    let running = server.transfers.running
    text.begin("chat_transfers", .gauge, "Transfers of files that run.")
    text.sample("chat_transfers", ["direction": "upload"], UInt64(running.uploads))
    text.sample("chat_transfers", ["direction": "download"], UInt64(running.downloads))
  }

  private func refusals(_ text: inout MetricsText) {
    text.begin("chat_refusals_total", .counter, "Lines of clients that were refused, by code.")
    for code in ErrorCode.allCases {
      text.sample(
        "chat_refusals_total", ["code": code.rawValue], server.metrics.refusals(code))
    }
    text.begin("chat_http_answers_total", .counter, "Requests of HTTP, by the answer's status.")
    for status in HTTPStatus.allCases {
      let count = server.metrics.answers(status)
      guard count > 0 else { continue }
      text.sample("chat_http_answers_total", ["status": "\(status.rawValue)"], count)
    }
  }
}
