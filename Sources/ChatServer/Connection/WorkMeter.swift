/// What an answer costs the client that asked for it: a token for each millisecond of the processor. Pure.
package struct WorkMeter: Sendable {
  private static let nanosecondsPerToken: Int64 = 1_000_000

  /// Up to here the work has been counted, as the thread's clock has it.
  private var counted: Int64

  /// Counts from now on.
  ///
  /// - Parameter nanoseconds: the time that the processor has worked for this thread.
  package init(at nanoseconds: Int64) { counted = nanoseconds }

  /// How many tokens the work since the last time costs; what is less than one is left for the next time.
  package mutating func tokens(at nanoseconds: Int64) -> Int {
    let tokens = max(0, nanoseconds - counted) / Self.nanosecondsPerToken
    counted += tokens * Self.nanosecondsPerToken
    return Int(tokens)
  }
}
