internal import ChatCore
internal import ChatCrypto

/// The SHA-256 of a request's body, which comes in pieces.
///
/// Thread: its session's.
final class BodySum {
  private var hash = try? SHA256()

  func add(_ bytes: Span<UInt8>) {
    bytes.withUnsafeBytes { bytes in
      do { try hash?.update(bytes) } catch { hash = nil }
    }
  }

  /// The 32 bytes; `nil` if they can't be computed.
  func finish() -> [UInt8]? {
    guard let hash = hash.take(), let digest = try? hash.finish() else { return nil }
    var bytes: [UInt8] = []
    digest.append(to: &bytes)
    return bytes
  }
}
