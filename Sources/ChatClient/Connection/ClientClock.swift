internal import ChatClientModel
package import ChatSystem

/// The clock that a client's timeouts are measured with: the monotonic one, or a test's.
package struct ClientClock: Sendable {
  /// The system's clock.
  package static let monotonic = ClientClock { .now }

  private let read: @Sendable () -> MonotonicTime

  /// Makes a clock of any source.
  package init(_ read: @escaping @Sendable () -> MonotonicTime) { self.read = read }

  /// This moment.
  package var now: MonotonicTime { read() }

  /// This moment for the client's pure half, which has no clock.
  var moment: Moment { now.moment }
}

extension MonotonicTime {
  /// The same moment for the client's pure half.
  var moment: Moment { .nanoseconds(nanoseconds) }

  /// The moment that the client's pure half has named.
  init(_ moment: Moment) { self = MonotonicTime(nanoseconds: 0) + moment }
}
