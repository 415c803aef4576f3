import ChatSystem
import Synchronization

/// Says texts of a swarm's first member at a steady pace, on a thread of its own. The texts carry the time at
/// which they were to be said, so that whatever holds the speaker up counts.
///
/// Thread: any.
final class Speaker: Sendable {
  /// When the first is said.
  let start: MonotonicTime

  private let isStopped = Atomic<Bool>(false)
  private let hasFailed = Atomic<Bool>(false)
  /// How many were said, once there will be no more; -1 before.
  private let lastTotal = Atomic<Int>(-1)

  /// Begins.
  ///
  /// - Parameter limit: how many are said, unless it is stopped before.
  init(_ swarm: Swarm, linesPerSecond: Int, limit: Int = .max) throws {
    start = .now + .milliseconds(50)
    let stream = swarm.members[0].stream
    let template = swarm.template(0)
    let interval = 1_000_000_000 / Int64(linesPerSecond)
    try SystemThread.start(named: "speaker") {
      self.speak(to: stream, template, interval: interval, limit: limit)
    }
  }

  /// How many it said; `nil` as long as it speaks.
  ///
  /// - Throws: `BenchError` if it can't go on.
  var total: Int? {
    get throws {
      if hasFailed.load(ordering: .relaxed) { throw BenchError("closed the sender") }
      let total = lastTotal.load(ordering: .relaxed)
      return total < 0 ? nil : total
    }
  }

  /// It says no more.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  private func speak(
    to stream: TCPTransport, _ template: Message.Template, interval: Int64, limit: Int
  ) {
    var template = template
    var bytes: [UInt8] = []
    var said = 0
    // Relaxed: nothing but the flags and the number is read by others.
    while said < limit, !isStopped.load(ordering: .relaxed) {
      let moment = start.nanoseconds + Int64(said) * interval
      SystemThread.sleep(until: MonotonicTime(nanoseconds: moment))
      bytes.removeAll(keepingCapacity: true)
      template.append(said, nanoseconds: moment, to: &bytes)
      do { try stream.sendAll(bytes) } catch {
        hasFailed.store(true, ordering: .relaxed)
        return
      }
      said += 1
    }
    lastTotal.store(said, ordering: .relaxed)
  }
}
