internal import ChatCrypto

/// The contents in the order in which they go when space is needed: the one put in longest ago first.
///
/// A content that is put in again has a new place; its old one, and those of contents that are gone,
/// are dropped as they are come across.
struct RemovalOrder: Sendable {
  /// A content's place: higher is later.
  typealias Place = UInt64

  private var entries: [(place: Place, digest: SHA256Digest)] = []
  private var start = 0
  private var nextPlace: Place = 0

  /// Puts a content last.
  ///
  /// - Parameter isCurrent: whether a place is still the one its content has.
  mutating func append(
    _ digest: SHA256Digest, liveCount: Int, isCurrent: (SHA256Digest, Place) -> Bool
  ) -> Place {
    // Each sweep is paid for by as many appends as there are contents.
    if entries.count > 2 * liveCount + 64 {
      entries = entries[start...].filter { isCurrent($0.digest, $0.place) }
      start = 0
    }
    let place = nextPlace
    nextPlace += 1
    entries.append((place, digest))
    return place
  }

  /// Visits the contents that have a place, the first to go first, until `visit` returns false.
  mutating func visit(
    isCurrent: (SHA256Digest, Place) -> Bool, _ visit: (SHA256Digest) -> Bool
  ) {
    while start < entries.count, !isCurrent(entries[start].digest, entries[start].place) {
      start += 1
    }
    for entry in entries[start...] where isCurrent(entry.digest, entry.place) {
      guard visit(entry.digest) else { return }
    }
  }
}
