import Foundation

/// Starts one child process at a time.
///
/// Foundation's pipes have no O_CLOEXEC. A child closes those of its parent that were open when it was started; one
/// that was opened by another thread at that moment would stay open in it, and its reader would miss the end.
enum ChildStart {
  private static let turn = NSLock()

  /// Runs `body`, which opens the child's pipes and starts it, while no other thread does the same.
  ///
  /// Thread: any.
  static func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
    try turn.withLock(body)
  }
}
