/// A moment, as the time since a start that the caller chooses: that of the monotonic clock, for one.
package typealias Moment = Duration
