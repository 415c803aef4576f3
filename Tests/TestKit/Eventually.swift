import ChatSystem

/// Waits until something becomes so that tells nobody, and fails if it does not in time (three times as long under the
/// sanitizer).
package func eventually(
  _ what: String, within limit: Duration = .seconds(20), isSo: () throws -> Bool
) throws {
  let deadline = MonotonicTime.now + (Environment.isSanitized ? limit * 3 : limit)
  while try !isSo() {
    guard MonotonicTime.now < deadline else { throw Failure("\(what): not within \(limit)") }
    SystemThread.sleep(for: .milliseconds(5))
  }
}
