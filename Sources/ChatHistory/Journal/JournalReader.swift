internal import ChatSystem

/// Reads the journal's ring: records, one after another, and where they begin and end.
///
/// Thread: any, as long as the records read are not overwritten: the one who frees the journal's space sees to that.
struct JournalReader {
  /// No journal comes so far. A record's length and a ring's capacity can be added to it without overflow.
  private static let lastPosition: UInt64 = .max / 2

  let ring: FileRing
  let identity: UInt64

  /// The record at a position; `nil` if there is none, or not what was written.
  func record(at position: UInt64) -> JournalRecord? {
    guard let range = range(at: position) else { return nil }
    return JournalRecord(ring[range], at: position, identity: identity)
  }

  /// Where the record at a position begins and ends; its checksum is not checked. `nil` if there is none.
  func range(at position: UInt64) -> Range<UInt64>? {
    // What lies in a damaged ring may be any number.
    guard position <= Self.lastPosition else { return nil }
    let header = ring[position..<position + UInt64(JournalRecord.headerBytes)]
    guard let count = JournalRecord.byteCount(header, at: position), count <= ring.capacity else {
      return nil
    }
    return position..<position + UInt64(count)
  }

  /// Hands over the records from a position on, as long as `body` wants more, and they are what was written.
  ///
  /// - Parameter limit: where the last one ends at the latest; `nil` if it is not known.
  /// - Returns: the position after the last record that `body` was given.
  func eachRecord<Failure: Error>(
    from position: UInt64, upTo limit: UInt64? = nil,
    _ body: (JournalRecord) throws(Failure) -> Bool
  ) throws(Failure) -> UInt64 {
    var position = position
    while position < limit ?? .max, let record = record(at: position) {
      position = record.end
      guard try body(record) else { break }
    }
    return position
  }

  /// The position of the oldest record that the ring holds, and the end of the newest: every place is looked at where a
  /// record could begin. `nil` if there is none.
  func bounds() -> Range<UInt64>? {
    var bounds: Range<UInt64>?
    let capacity = UInt64(ring.capacity)
    let bytes = ring[0..<capacity]
    for offset in stride(from: 0, to: ring.capacity, by: 8) {
      // The position says in which lap of the ring it was written.
      let found = UInt64(
        littleEndian: bytes.loadUnaligned(
          fromByteOffset: (offset + 8) % ring.capacity, as: UInt64.self))
      guard found > 0 || offset == 0, found % capacity == UInt64(offset),
        let record = record(at: found)
      else { continue }
      let (low, high) = (bounds?.lowerBound ?? found, bounds?.upperBound ?? record.end)
      bounds = min(low, found)..<max(high, record.end)
    }
    return bounds
  }
}
