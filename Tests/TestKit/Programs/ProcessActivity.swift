import Foundation

/// What the threads of a process have done so far (proc(5)).
struct ProcessActivity: Equatable {
  /// Whether all of them sleep, and no signal waits for them.
  private(set) var isAsleep = false
  /// How often each has stopped to wait, or was stopped.
  private var switches: [String] = []

  /// That of no process.
  init() {}

  /// That of a process.
  init(of pid: Int32) {
    let folder = "/proc/\(pid)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    isAsleep = !threads.isEmpty
    for thread in threads.sorted() {
      for line in Self.lines(of: "\(folder)/\(thread)/status") {
        let value = line.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? ""
        if line.hasPrefix("State:"), !value.hasPrefix("S") { isAsleep = false }
        if line.hasPrefix("SigPnd:") || line.hasPrefix("ShdPnd:"),
          value.contains(where: { $0 != "0" })
        {
          isAsleep = false
        }
        if line.contains("ctxt_switches:") { switches.append("\(thread) \(value)") }
      }
    }
  }

  /// How many bytes a process and its children have read.
  static func readBytes(of pid: Int32) -> Int {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let children = processes.filter {
      lines(of: "/proc/\($0)/status").contains { $0 == "PPid:\t\(pid)" }
    }
    return (["\(pid)"] + children).reduce(0) { sum, process in
      let line = lines(of: "/proc/\(process)/io").first { $0.hasPrefix("rchar: ") }
      return sum + (line.flatMap { Int($0.dropFirst("rchar: ".count)) } ?? 0)
    }
  }

  private static func lines(of path: String) -> [Substring] {
    ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
  }
}
