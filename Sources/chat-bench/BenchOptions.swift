import ChatFlags
import Foundation

/// What the command line of `chat-bench` says.
struct BenchOptions {
  /// All servers that can be measured.
  static var subjects: [any Subject] {
    [
      ChatServerSubject(), ChatServerSubject(hasHistory: false), NatsSubject(),
      IRCSubject(name: "inspircd"), IRCSubject(name: "ngircd"), NcatSubject(), TextbookSubject(),
    ]
  }

  var runs = 5
  /// All, if empty.
  var workloads: Set<Workload> = []
  /// The names of servers; all that are installed, if empty.
  var servers: Set<String> = []
  var fileBytes: UInt64 = 1 << 30
  /// Where the servers' folders are made.
  var folder = Storage.folder
  /// Where to draw the throughput workloads' medians.
  var drawing: String?

  /// What the command line asks for.
  enum Command {
    case run(BenchOptions)
    case help
  }

  /// Reads a command line, the program's name not included.
  ///
  /// - Throws: `UsageError` for the person who typed it.
  static func parse(_ arguments: [String]) throws(UsageError) -> Command {
    var options = BenchOptions()
    var parser = FlagParser(arguments)
    while let item = try parser.next() {
      switch item {
      case .flag("--runs"): options.runs = try parser.integer(in: 1...100)
      case .flag("--server"):
        let name = try parser.value()
        guard subjects.contains(where: { $0.name == name }) else {
          throw UsageError("there is no server '\(name)'")
        }
        options.servers.insert(name)
      case .flag("--only"):
        let name = try parser.value()
        guard let workload = Workload(rawValue: name) else {
          throw UsageError("there is no workload '\(name)'")
        }
        options.workloads.insert(workload)
      case .flag("--file-size"):
        options.fileBytes = try parser.size()
        guard 1_000_000...2_000_000_000 ~= options.fileBytes else {
          throw UsageError("--file-size takes 1M to 2G")
        }
      case .flag("--folder"): options.folder = URL(fileURLWithPath: try parser.value()).path
      case .flag("--svg"): options.drawing = try parser.value()
      case .flag("--help"): return .help
      case .flag: throw parser.unknownFlag
      case .operand(let word): throw UsageError("unexpected '\(word)'")
      }
    }
    return .run(options)
  }

  /// What `--help` prints.
  static let help = """
    Usage: chat-bench [FLAG]…
    Measures chat-server beside its peers, on 127.0.0.1 alone.

      --runs N        how often each is run, in turn (default 5)
      --only NAME     a workload; may be given several times (default: all):
    \(Workload.allCases.map { workload in
      let space = String(repeating: " ", count: Workload.longestName - workload.rawValue.count)
      return "          \(workload.rawValue)\(space)  \(workload.meaning)"
    }.joined(separator: "\n"))
      --server NAME   a server; several times (default: those that are installed):
    \(subjects.map { "          \"\($0.name)\"" }.joined(separator: "\n"))
      --file-size N   how large the file of 'files' and 'latency-files' is, at most 2G
                      (default 1 GiB)
      --folder DIR    where the servers' folders are made: another disk, or /dev/shm
                      (default: $TMPDIR or /tmp, or /var/tmp if that is in memory)
      --svg FILE      draw the throughput workloads' medians
      --help          show this

    """
}
