internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Returns free memory to the system, a moment after many clients have gone.
///
/// Thread: any.
final class MemoryReturn: Sendable {
  /// Fewer are not worth it: all free memory is searched, and allocations wait meanwhile.
  private static let manyDepartures = 64
  private static let delay = DispatchTimeInterval.milliseconds(500)
  /// On a busy system, threads end later than their clients.
  private static let laterDelays = [DispatchTimeInterval.seconds(3), .seconds(10)]
  private static let queue = DispatchQueue(label: "memory", qos: .utility)

  private let departures = Atomic<Int>(0)
  private let isScheduled = Atomic<Bool>(false)
  private let isLaterScheduled = Atomic<Bool>(false)

  /// A client has gone.
  ///
  /// - Parameter left: how many are left.
  func noteDeparture(left: Int) {
    let count = departures.wrappingAdd(1, ordering: .relaxed).newValue
    guard count >= Self.manyDepartures || left == 0 else { return }
    guard !isScheduled.exchange(true, ordering: .relaxed) else { return }
    Self.queue.asyncAfter(deadline: .now() + Self.delay) {
      self.isScheduled.store(false, ordering: .relaxed)
      self.departures.store(0, ordering: .relaxed)
      Process.returnFreeMemory()
    }
    guard !isLaterScheduled.exchange(true, ordering: .relaxed) else { return }
    for delay in Self.laterDelays {
      Self.queue.asyncAfter(deadline: .now() + delay) {
        self.isLaterScheduled.store(false, ordering: .relaxed)
        Process.returnFreeMemory()
      }
    }
  }
}
