/// The workloads, in the order in which they run.
enum Workload: String, CaseIterable {
  case fan100, fan1000, all50, rooms, sizes, latency500, latency2000, slow, join, idle, history
  case bursts, sustained
  case latencyHistory = "latency-history"
  case latencyBusyDisk = "latency2000-busy-disk"
  case durable, locked
  case startFullJournal = "start-full-journal"
  case files
  case latencyFiles = "latency-files"
  case tls, door
  case ws

  /// The length of the longest name.
  static let longestName = allCases.map(\.rawValue.count).max() ?? 0

  /// For `--help`.
  var meaning: String {
    switch self {
    case .fan100: "1 to 100, texts of 64 bytes"
    case .fan1000: "1 to 1,000"
    case .all50: "50 to 50"
    case .rooms: "100 rooms of 10, one of whom talks"
    case .sizes: "1 to 100, texts of 16 bytes to 8 KiB"
    case .latency500: "delay at 100 receivers, 500 lines a second"
    case .latency2000: "the same at 2,000 lines a second"
    case .slow: "10 of 100 never read, 10 read at a tenth"
    case .join: "5,000 come into one room"
    case .idle: "10,000 come and do nothing"
    case .history: "a room in which 1,000,000 lines were said"
    case .bursts: "1 to 100, 50 to 50 in bursts, history on beside off"
    case .sustained: "the same without a pause for 20 s"
    case .latencyHistory: "delay at 500 and 2,000 lines a second, on beside off"
    case .latencyBusyDisk: "the same at 2,000, the disk kept busy by another"
    case .durable: "--durable: lines a second one by one, and the delay"
    case .locked: "delay while another process has the database locked"
    case .startFullJournal: "a start with 60 MB that are not in the database"
    case .files: "a file by HTTP to 1 and to 8, beside nginx and nc"
    case .latencyFiles: "delay while 4 of 24 members fetch a file"
    case .tls: "1 to 100, 50 to 50 over TLS, beside plain"
    case .door: "what a handshake costs, and an idle client over TLS"
    case .ws: "1 to 100, 1 to 1,000 over WebSocket, and 1,000 idle"
    }
  }
}
