/// The workloads.
enum Workload: String, CaseIterable {
  case fan100, fan1000, all50, rooms, sizes, latency500, latency2000, slow, join, idle, history,
    files

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
    case .files: "a file to 1 and to 8, beside nc and scp; the talk meanwhile"
    }
  }
}
