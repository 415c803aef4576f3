/// When a room's last lines were kept, to the second: no more is noted than has to be. Pure.
package struct LineTimes: Sendable {
  /// How many moments are remembered.
  package static let limit = 1_024
  /// Lines of one second have one time.
  private static let resolution: Int64 = 1_000

  private var entries: [(sequence: UInt64, milliseconds: Int64)] = []

  /// Nothing was kept yet.
  package init() {}

  /// Lines from this number on were kept at a time: milliseconds since 1970, UTC.
  package mutating func note(_ sequence: UInt64, _ milliseconds: Int64) {
    if let last = entries.last, (milliseconds - last.milliseconds).magnitude < Self.resolution {
      return
    }
    if entries.count >= Self.limit { entries.removeFirst(Self.limit / 2) }
    entries.append((sequence, milliseconds))
  }

  /// When a line was kept, or the first one that is remembered, if that came later; `nil` if none is.
  package func time(of sequence: UInt64) -> Int64? {
    (entries.last { $0.sequence <= sequence } ?? entries.first)?.milliseconds
  }
}
