import ChatSystem
import Foundation

/// The machine, as far as it can disturb what is measured.
enum Machine {
  private static let pageBytes = 4_096
  /// How much memory is left to others.
  private static let spareBytes = 2 << 30

  /// The processor time of other processes from now on.
  struct Others {
    private let start = (time: MonotonicTime.now, seconds: othersSeconds)

    /// For the line below a table.
    var text: String {
      let share = (othersSeconds - start.seconds) / ((MonotonicTime.now - start.time) / .seconds(1))
      let count = ProcessInfo.processInfo.activeProcessorCount
      return "Others used \(Runs.fixed(max(0, share), 2)) of the \(count) processors meanwhile."
    }
  }

  /// The processor time of other processes so far: all but this one and those it has started (proc(5), /proc/stat).
  private static var othersSeconds: Double {
    let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
    let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().map {
      Double($0) ?? 0
    }
    guard fields.count > 7 else { return .nan }
    // user, nice, system, irq, softirq; not idle, iowait and steal.
    let busy = fields[0] + fields[1] + fields[2] + fields[5] + fields[6]
    return busy / Double(sysconf(Int32(_SC_CLK_TCK))) - LoadGenerator.processorSeconds
      - Interruption.running.processorSeconds
  }

  /// Prepares for writing files: syncs the disk, and has so much memory ready.
  ///
  /// A virtual machine returns free memory to its host after some seconds, and gets it back at up to two seconds a gigabyte:
  /// that would be charged to whichever process needs it.
  static func settle(bytes: Int) {
    sync()
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") } ?? ""
    let available = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    let length = min(bytes, available * 1_024 - spareBytes)
    guard length > 0,
      let memory = mmap(
        nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      memory != MAP_FAILED
    else { return }
    defer { munmap(memory, length) }
    for offset in stride(from: 0, to: length, by: pageBytes) {
      memory.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
    }
  }
}
