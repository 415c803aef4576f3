import Foundation

/// What the system knows of a process (proc(5)).
struct ProcessStatus {
  let id: pid_t

  /// Processor time used so far, in seconds, in ticks of 10 ms; 0 if the process is gone.
  var processorSeconds: Double {
    let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
    // The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
    let fields = (text.components(separatedBy: ") ").last ?? "").split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      return 0
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Resident memory in bytes.
  var residentBytes: Int { 1_024 * kibibytes("VmRSS:") }

  /// The most it ever had.
  var peakResidentBytes: Int { 1_024 * kibibytes("VmHWM:") }

  private func kibibytes(_ key: String) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
