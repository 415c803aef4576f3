package import ChatSystem

/// A journal as it lies in a data folder: left behind by a server that did not end by itself, or written by one that
/// runs. It is read, and never written to.
///
/// Thread: any.
package struct StoredJournal: Sendable {
  private let reader: JournalReader
  private let firstPosition: UInt64

  /// Opens a folder's journal; `nil` if there is none.
  ///
  /// - Throws: `HistoryError` of kind `damaged` if it is not one that this release writes, `full` if it can't be read.
  package init?(in folder: FilePath) throws(HistoryError) {
    let path = folder.appending(Journal.name)
    let ring: FileRing
    do throws(SystemError) { ring = try FileRing(opening: path, isWritable: false) } catch {
      if error.isMissing { return nil }
      guard error.isOtherKind else {
        throw HistoryError(.full, "\(path) can't be read: \(error.reason)")
      }
      throw HistoryError(.damaged, "\(path) does not have the size of a journal")
    }
    guard let header = JournalHeader(UnsafeRawBufferPointer(ring.header)) else {
      throw HistoryError(.damaged, "\(path) is not a journal of this release")
    }
    guard header.capacity == UInt64(ring.capacity) else {
      throw HistoryError(.damaged, "\(path) was made shorter or longer")
    }
    reader = JournalReader(ring: ring, identity: header.identity)
    firstPosition = header.start
  }

  /// Its own random number.
  package var identity: UInt64 { reader.identity }

  /// Where what the database lacks begins.
  ///
  /// - Parameter progress: the database's note. One of another journal says nothing; then all that is left is wanted.
  package func start(after progress: JournalProgress) -> UInt64 {
    let noted =
      progress.identity == identity ? max(progress.position, firstPosition) : firstPosition
    guard reader.record(at: noted) == nil, let bounds = reader.bounds() else { return noted }
    // The place was used again: the database is older than what was freed. Otherwise the journal ends here.
    let last = bounds.upperBound - min(bounds.upperBound, UInt64(reader.ring.capacity))
    return last > noted ? bounds.lowerBound : noted
  }

  /// Hands over its records from a position on, as long as `body` wants more.
  ///
  /// - Returns: the position after the last record that is what was written.
  package func eachRecord<Failure: Error>(
    from position: UInt64, _ body: (JournalRecord) throws(Failure) -> Bool
  ) throws(Failure) -> UInt64 {
    // A server that runs may overwrite a record while it is looked at: what is checked and handed over is a copy.
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: JournalRecord.longest, alignment: 8)
    defer { copy.deallocate() }
    var end = position
    while let range = reader.range(at: end) {
      let bytes = UnsafeMutableRawBufferPointer(rebasing: copy[..<Int(range.upperBound - end)])
      bytes.copyMemory(from: reader.ring[range])
      guard
        let record = JournalRecord(UnsafeRawBufferPointer(bytes), at: end, identity: identity)
      else { break }
      end = record.end
      guard try body(record) else { break }
    }
    return end
  }

  /// Whether more was written after the last record that can be read: a power failure kept a part of it.
  package func isTorn(at end: UInt64) -> Bool {
    reader.range(at: end) != nil || reader.bounds().map { $0.upperBound > end } ?? false
  }

  /// Gives a folder's journal, which can't be read, another name.
  ///
  /// - Returns: the path it has now.
  package static func setAside(in folder: FilePath) throws(HistoryError) -> FilePath {
    let path = folder.appending(Journal.name)
    let aside = asidePath(in: folder, as: "damaged")
    do throws(SystemError) { try path.rename(to: aside) } catch {
      throw HistoryError(.full, "\(path): cannot be set aside: \(error.reason)")
    }
    return aside
  }

  /// A path for what is set aside, which nothing has.
  ///
  /// - Parameter reason: why it is, in a word.
  static func asidePath(in folder: FilePath, as reason: String) -> FilePath {
    let moment = WallClock.timestamp().filter { $0 != "-" && $0 != ":" }
    let path = folder.appending(Journal.name).withSuffix(".\(reason)-\(moment)")
    var aside = path
    var number = 1
    while aside.status != nil {
      number += 1
      aside = path.withSuffix("-\(number)")
    }
    return aside
  }
}
