internal import Synchronization

/// A number that only grows, until the server ends.
///
/// Thread: any. Relaxed: nobody concludes anything about other memory from it.
package final class Counter: Sendable {
  private let value = Atomic<UInt64>(0)

  /// Begins at 0.
  package init() {}

  /// How far it is.
  package var count: UInt64 { value.load(ordering: .relaxed) }

  /// Adds so many.
  package func add(_ count: UInt64 = 1) { value.wrappingAdd(count, ordering: .relaxed) }
}
