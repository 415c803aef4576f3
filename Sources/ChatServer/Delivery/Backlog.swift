/// Where a subscriber reads on when the room's ring has lost what comes next.
///
/// Thread: any.
package protocol Backlog: Sendable {
  /// Whether what is said now can be read from it later.
  var canReadOn: Bool { get }

  /// Reads the room's stream from a position on, on a queue of its own.
  ///
  /// - Parameter completion: is given some of the bytes, contiguous; `nil` where they were not kept.
  func read(from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void)
}
