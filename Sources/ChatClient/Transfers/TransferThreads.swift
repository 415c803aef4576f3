internal import ChatSystem

/// Gives each transfer a thread, so that neither a disk nor the network holds up another, or the talk.
package struct TransferThreads: Sendable {
  /// Threads of the system, which leave the processor to those of the talk.
  package static let system = TransferThreads { body in
    try SystemThread.start(named: "files", stackBytes: 524_288) {
      SystemThread.standBack()
      body()
    }
  }

  /// Runs a body on a thread of its own.
  let start: @Sendable (@escaping @Sendable () -> Void) throws -> Void

  /// Whether transfers may wait.
  let waits: Bool

  /// - Parameters:
  ///   - waits: whether transfers may wait. One that would have to, and may not, ends.
  ///   - start: runs what it is given, sooner or later.
  package init(
    waits: Bool = true,
    start: @escaping @Sendable (@escaping @Sendable () -> Void) throws -> Void
  ) {
    (self.waits, self.start) = (waits, start)
  }
}
