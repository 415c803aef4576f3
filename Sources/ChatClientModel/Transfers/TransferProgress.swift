internal import ChatCore

/// How far a transfer is, in words. Pure.
package struct TransferProgress: Equatable, Sendable {
  /// Which way it goes.
  package enum Direction: String, Sendable {
    case down = "↓"
    case up = "↑"
  }

  private let direction: Direction
  private let name: String
  private let bytes: UInt64
  private let size: UInt64
  private let bytesPerSecond: UInt64

  /// Describes a transfer.
  ///
  /// - Parameters:
  ///   - name: safe to show.
  ///   - bytes: how many have come or gone.
  ///   - size: how many it has.
  package init(
    _ direction: Direction, name: String, bytes: UInt64, size: UInt64, bytesPerSecond: UInt64
  ) {
    (self.direction, self.name, self.bytes) = (direction, name, bytes)
    (self.size, self.bytesPerSecond) = (size, bytesPerSecond)
  }

  /// `↓ film.mkv 43 % 12 MB/s 0:41 left`; the time only if it is known.
  package var text: String {
    let start = "\(direction.rawValue) \(name) \(percent) %"
    guard bytesPerSecond > 0 else { return start }
    let speed = "\(start) \(ByteCount.text(bytesPerSecond))/s"
    let left = size > bytes ? size - bytes : 0
    // Rounded up: it ends when it says 0:00.
    let seconds = left / bytesPerSecond + (left % bytesPerSecond == 0 ? 0 : 1)
    return seconds < 360_000 ? "\(speed) \(Self.time(seconds)) left" : speed
  }

  /// Rounded down: only what is whole has 100 %.
  private var percent: UInt64 {
    guard size > 0, bytes < size else { return 100 }
    let (high, low) = bytes.multipliedFullWidth(by: 100)
    return size.dividingFullWidth((high, low)).quotient
  }

  private static func time(_ seconds: UInt64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60)
    let end = "\(padded(seconds % 60))"
    return hours > 0 ? "\(hours):\(padded(minutes)):\(end)" : "\(minutes):\(end)"
  }

  private static func padded(_ number: UInt64) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
}
