/// Which offered files are fetched automatically: those up to a size, and ten times that in any hour. Pure.
///
/// A small file counts as a hundredth of the size: never more than a thousand are fetched in an hour.
package struct AcceptBudget: Sendable {
  /// Why a file is not fetched.
  package enum Refusal: Equatable, Sendable {
    /// It is larger than the limit for one file.
    case tooLarge
    /// Together with those of the last hour it is over the limit.
    case tooMuch
  }

  /// How many of the largest files are fetched in an hour.
  private static let filesAnHour: UInt64 = 10
  /// A file counts as this part of the limit at least.
  private static let smallestPart: UInt64 = 100
  private static let hour: Duration = .seconds(3_600)

  private let fileBytes: UInt64
  private let hourBytes: UInt64
  /// What was accepted in the last hour, and when.
  private var accepted = Fifo<(time: Moment, bytes: UInt64)>()
  private var acceptedBytes: UInt64 = 0

  /// - Parameter fileBytes: the largest file that is fetched; 0 for none.
  package init(fileBytes: UInt64) {
    self.fileBytes = fileBytes
    let (product, isOver) = fileBytes.multipliedReportingOverflow(by: Self.filesAnHour)
    hourBytes = isOver ? .max : product
  }

  /// Whether any file is fetched.
  package var acceptsAny: Bool { fileBytes > 0 }

  /// Counts an offered file, if it is to be fetched.
  ///
  /// - Parameter size: in bytes, as the server says.
  /// - Returns: why it is not; `nil` if it is.
  package mutating func accept(_ size: UInt64, now: Moment) -> Refusal? {
    guard acceptsAny, size <= fileBytes else { return .tooLarge }
    while let first = accepted[0], now - first.time >= Self.hour {
      acceptedBytes -= first.bytes
      _ = accepted.popFirst()
    }
    let bytes = max(size, fileBytes / Self.smallestPart, 1)
    guard bytes <= hourBytes - acceptedBytes else { return .tooMuch }
    acceptedBytes += bytes
    accepted.append((now, bytes))
    return nil
  }
}
