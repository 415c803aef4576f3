import ChatSystem
import Synchronization

/// Sends texts of a swarm's first member at a steady rate, on a thread of its own. A text carries the time at which it was
/// due, so that delays of the sender count (no coordinated omission).
///
/// Thread: any.
final class Speaker: Sendable {
  /// When the first text is due.
  let start: MonotonicTime

  private let isStopped = Atomic<Bool>(false)
  private let hasFailed = Atomic<Bool>(false)
  /// How many were sent, once there will be no more; -1 before.
  private let lastTotal = Atomic<Int>(-1)

  /// Begins.
  ///
  /// - Parameter limit: how many are sent, unless it is stopped before.
  init(_ swarm: Swarm, linesPerSecond: Int, limit: Int = .max) throws {
    start = .now + .milliseconds(50)
    let stream = swarm.members[0].stream
    let template = swarm.template(0)
    let interval = 1_000_000_000 / Int64(linesPerSecond)
    try SystemThread.start(named: "speaker") {
      self.speak(to: stream, template, interval: interval, limit: limit)
    }
  }

  /// How many were sent; `nil` while it is sending.
  ///
  /// - Throws: `BenchError` if the connection is closed.
  var total: Int? {
    get throws {
      if hasFailed.load(ordering: .relaxed) { throw BenchError("closed the sender") }
      let total = lastTotal.load(ordering: .relaxed)
      return total < 0 ? nil : total
    }
  }

  /// Stops sending.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  private func speak(
    to stream: any LoadTransport, _ template: Message.Template, interval: Int64, limit: Int
  ) {
    var template = template
    var bytes: [UInt8] = []
    var said = 0
    // Relaxed: other threads read only the flags and the number.
    while said < limit, !isStopped.load(ordering: .relaxed) {
      let moment = start.nanoseconds + Int64(said) * interval
      SystemThread.sleep(until: MonotonicTime(nanoseconds: moment))
      bytes.removeAll(keepingCapacity: true)
      template.append(said, nanoseconds: moment, to: &bytes)
      do { try stream.sendAll(bytes.span) } catch {
        hasFailed.store(true, ordering: .relaxed)
        return
      }
      said += 1
    }
    lastTotal.store(said, ordering: .relaxed)
  }
}
