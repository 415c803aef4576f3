internal import ChatClientModel
internal import ChatSystem

extension MonotonicTime {
  /// The same moment for the client's pure half, which has no clock.
  var moment: Moment { .nanoseconds(nanoseconds) }

  /// The moment so long after the clock's own beginning.
  init(_ moment: Moment) { self = MonotonicTime(nanoseconds: 0) + moment }
}
