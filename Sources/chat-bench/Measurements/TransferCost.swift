import ChatSystem
import Foundation

/// What a transfer of a file costs, for all who receive it together.
struct TransferCost {
  /// A moment, and the resources used up to then.
  struct Moment {
    let time: MonotonicTime
    /// Of all processes that were started, in seconds.
    let processorSeconds: Double
    let serverSeconds: Double
    let diskWaitSeconds: Double
  }

  let bytesPerSecond: Double
  let processorSecondsPerGigabyte: Double
  /// The server's share.
  let serverSecondsPerGigabyte: Double
  /// The share of the time in which a process waited for the disk.
  let diskShare: Double

  init(from start: Moment, to end: Moment, bytes: Int) {
    let seconds = (end.time - start.time) / .seconds(1)
    bytesPerSecond = Double(bytes) / seconds
    let gigabytes = Double(bytes) / 1e9
    processorSecondsPerGigabyte = (end.processorSeconds - start.processorSeconds) / gigabytes
    serverSecondsPerGigabyte = (end.serverSeconds - start.serverSeconds) / gigabytes
    diskShare = (end.diskWaitSeconds - start.diskWaitSeconds) / seconds
  }
}

extension TransferCost.Moment {
  /// The current use of resources; `time` may be slightly earlier.
  static func now(at time: MonotonicTime = .now, serverSeconds: Double = 0) -> Self {
    // Pressure stall information (Linux, Documentation/accounting/psi.rst), in microseconds.
    let text = (try? String(contentsOfFile: "/proc/pressure/io", encoding: .utf8)) ?? ""
    let total = text.split(separator: "\n").first?.split(separator: "=").last.flatMap { Int($0) }
    return Self(
      time: time, processorSeconds: Interruption.running.processorSeconds,
      serverSeconds: serverSeconds, diskWaitSeconds: Double(total ?? 0) / 1e6)
  }
}
