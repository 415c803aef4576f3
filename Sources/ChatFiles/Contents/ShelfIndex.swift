package import ChatCore
package import ChatSystem

/// What is on the shelf, what is in use, how much space it takes, and what is removed next: the bookkeeping,
/// without a file being touched.
///
/// A thing that is to be removed is *leaving* until the caller says that it is gone; until then its
/// bytes count, and it can't be opened. A content whose name is being made is *arriving*.
///
/// What goes when space is needed, and for whom, is in ShelfSpace.swift.
package struct ShelfIndex: Sendable {
  struct Content {
    enum State { case arriving, stored, leaving }

    var state: State
    var sizeBytes: UInt64
    /// How many have it open, or have uploaded it and may yet announce it.
    var pinCount = 0
    /// The files that have it.
    var files: Set<String> = []
  }

  /// How many partial uploads not in use are kept of one owner at most: small ones would
  /// otherwise be as many as anyone likes.
  package static let unusedPartialOwnerLimit = 8

  /// How many of them are kept of one address at most, whatever nicknames it uses; it may also have an eighth of the
  /// space for them, or one of any size.
  package static let unusedPartialSourceLimit = 64

  /// How many of them are kept of all owners together: more than one owner can fill.
  package static let unusedPartialLimit = 4_096

  /// How many files of one room are remembered: small ones, or the same again and again, would
  /// otherwise be as many as anyone likes.
  package static let roomLimit = 10_000

  /// How many files are remembered in all rooms together.
  package static let fileLimit = 100_000

  /// How many names of files that are gone are remembered.
  package static let goneLimit = 10_000

  /// What contents and partial uploads take together at most.
  package let limitBytes: UInt64
  /// What they take.
  package internal(set) var usedBytes: UInt64 = 0

  // What follows is for this type alone, which has two files: this one and ShelfSpace.swift.

  /// How many bytes the contents have that are leaving.
  var leavingContentBytes: UInt64 = 0
  var contents: [SHA256Digest: Content] = [:]
  var partials: PartialTable
  /// The contents in the order in which they go. One that is not in it was uploaded and not announced,
  /// or is no longer wanted: it goes with its last pin.
  var order = LinkedOrder<SHA256Digest>()
  var files = AnnouncedFiles()
  /// The names of the files that were there lately, and are not any more.
  private var gone = LinkedOrder<String>()

  /// Makes an empty one.
  ///
  /// - Parameter blockBytes: what a file takes on the disk is a multiple of this; of partial uploads, which may be
  ///   small and many, that counts.
  package init(limitBytes: UInt64, blockBytes: UInt64 = 1) {
    self.limitBytes = limitBytes
    partials = PartialTable(blockBytes: blockBytes)
  }

  // MARK: What was found at the start

  /// Enters a content that lies there, after those that were written before it.
  package mutating func addFound(_ digest: SHA256Digest, sizeBytes: UInt64) {
    contents[digest] = Content(state: .stored, sizeBytes: sizeBytes)
    order.append(digest)
    usedBytes += sizeBytes
  }

  /// Enters a partial upload that lies there.
  package mutating func addFoundPartial(_ name: String, sizeBytes: UInt64, modifiedSeconds: Int64) {
    partials.add(name, sizeBytes: sizeBytes, modifiedSeconds: modifiedSeconds)
    usedBytes += partials.cost(of: name)
  }

  // MARK: Partial uploads

  /// Takes a partial upload into use, a new one if there is none.
  ///
  /// - Returns: false if it is in use or being removed.
  package mutating func usePartial(_ name: String, from source: AddressBlock? = nil) -> Bool {
    partials.use(name, from: source)
  }

  /// Notes how many bytes a partial upload in use has.
  package mutating func setPartial(_ name: String, sizeBytes: UInt64) {
    usedBytes -= partials.cost(of: name)
    partials[sizeBytesOf: name] = sizeBytes
    usedBytes += partials.cost(of: name)
  }

  /// Leaves a partial upload to be resumed.
  ///
  /// - Parameter modifiedSeconds: when it last grew; `nil`: as before.
  /// - Returns: what is to be removed, so that they do not become too many.
  package mutating func releasePartial(_ name: String, modifiedSeconds: Int64?) -> [Removal] {
    partials.release(name, modifiedSeconds: modifiedSeconds)
    var removals: [Removal] = []
    while let surplus = partials.surplus(
      with: name, ofOwner: Self.unusedPartialOwnerLimit, ofSource: Self.unusedPartialSourceLimit,
      orBytes: limitBytes / 8, ofAll: Self.unusedPartialLimit)
    {
      leave(.partial(surplus))
      removals.append(.partial(surplus))
    }
    return removals
  }

  /// Forgets a partial upload in use: it is gone.
  package mutating func dropPartial(_ name: String) {
    usedBytes -= partials.remove(name)
  }

  /// The partial uploads not in use that have not grown since a time: they are to be removed.
  package mutating func removeStalePartials(before seconds: Int64) -> [Removal] {
    let stale = partials.unused().filter { $0.modifiedSeconds < seconds }
      .map { Removal.partial($0.name) }
    for removal in stale { leave(removal) }
    return stale
  }

  // MARK: Contents

  /// Asks for a content, to pin it or to put it there.
  ///
  /// - Parameter isMissing: the caller has seen that its file is not there, whatever was entered.
  package mutating func beginArrival(
    _ digest: SHA256Digest, sizeBytes: UInt64, isMissing: Bool = false
  ) -> Arrival {
    guard let content = contents[digest] else {
      contents[digest] = Content(state: .arriving, sizeBytes: 0)
      return .isExpected
    }
    guard content.state == .stored else { return .waiting }
    guard content.sizeBytes == sizeBytes, !isMissing else {
      contents[digest]?.state = .arriving
      return .isExpected
    }
    contents[digest]?.pinCount += 1
    return .isStored
  }

  /// A partial upload has become a content, which is pinned.
  package mutating func endArrival(_ digest: SHA256Digest, of name: String) {
    guard let old = contents[digest]?.sizeBytes else { return }
    let sizeBytes = partials[sizeBytesOf: name]
    usedBytes = usedBytes - old - partials.remove(name) + sizeBytes
    contents[digest]?.sizeBytes = sizeBytes
    contents[digest]?.state = .stored
    contents[digest]?.pinCount += 1
  }

  /// A content could not be put there.
  package mutating func abortArrival(_ digest: SHA256Digest) {
    contents[digest]?.state = .stored
    // What was there before is not, or not as it should be.
    if contents[digest]?.pinCount == 0 { drop(digest) }
  }

  /// Pins a file's content, so that it does not go.
  ///
  /// - Returns: `nil` if there is no such file.
  package mutating func pin(id: String) -> SharedFile? {
    guard let file = file(id: id) else { return nil }
    contents[file.digest]?.pinCount += 1
    return file
  }

  /// Takes a pin back.
  ///
  /// - Parameter isMissing: the caller has seen that its file is not there.
  /// - Returns: what is to be removed, if it is no longer needed.
  package mutating func unpin(_ digest: SHA256Digest, isMissing: Bool = false) -> [Removal] {
    contents[digest]?.pinCount -= 1
    if isMissing, let content = contents[digest], content.pinCount == 0, content.state == .stored {
      drop(digest)
    }
    return removalIfUnwanted(digest)
  }

  private mutating func removalIfUnwanted(_ digest: SHA256Digest) -> [Removal] {
    guard let content = contents[digest], content.state == .stored, content.pinCount == 0,
      !order.contains(digest)
    else { return [] }
    leave(.content(digest))
    return [.content(digest)]
  }

  // MARK: Files

  /// Adds a file, the newest of all.
  ///
  /// - Returns: false if its content is not there, or another file has its name.
  package mutating func announce(_ file: SharedFile) -> Bool {
    // A copy of the content would make the set of its files be copied as one is added.
    guard contents[file.digest]?.state == .stored,
      contents[file.digest]?.sizeBytes == file.sizeBytes
    else {
      noteGone(file.id)
      return false
    }
    if let known = files[file.id] { return known == file }
    gone.remove(file.id)
    files.add(file)
    contents[file.digest]?.files.insert(file.id)
    order.append(file.digest)
    return true
  }

  /// A file whose content can be had.
  package func file(id: String) -> SharedFile? {
    guard let file = files[id], contents[file.digest]?.state == .stored else { return nil }
    return file
  }

  /// Whether a file of this name was there, and is not any more.
  package func isGone(id: String) -> Bool {
    gone.contains(id) || files[id] != nil && file(id: id) == nil
  }

  /// A file of this name is not there any more.
  mutating func noteGone(_ id: String) {
    gone.append(id)
    if gone.count > Self.goneLimit, let oldest = gone.oldestFirst.first(where: { _ in true }) {
      gone.remove(oldest)
    }
  }

  /// All files whose content can be had, the one announced first first.
  package var allFiles: [SharedFile] { files.all.filter { file(id: $0.id) != nil } }

  /// Notes which line announces a file.
  package mutating func setSequence(_ sequence: UInt64, of id: String) {
    files.setSequence(sequence, of: id)
  }

  /// How many files there are.
  var fileCount: Int { files.count }

  /// The contents that are there.
  var storedDigests: [SHA256Digest] { contents.filter { $0.value.state == .stored }.map(\.key) }

  /// Forgets the contents that are not in the folder any more, after that was replaced.
  mutating func retainOnly(_ found: [(digest: SHA256Digest, sizeBytes: UInt64)]) {
    let sizes = Dictionary(found.map { ($0.digest, $0.sizeBytes) }) { first, _ in first }
    for (digest, content) in contents where content.state == .stored {
      if sizes[digest] != content.sizeBytes { drop(digest) }
    }
    for content in found where contents[content.digest] == nil {
      addFound(content.digest, sizeBytes: content.sizeBytes)
    }
  }

  /// Forgets the partial uploads not in use that are not in the folder any more.
  mutating func retainOnly(partials names: Set<String>) {
    for partial in partials.unused() where !names.contains(partial.name) {
      dropPartial(partial.name)
    }
  }

  /// A room's files whose content can be had, the newest first.
  package func files(inRoom room: String, limit: Int) -> [SharedFile] {
    files.inRoom(room, limit: limit).filter { file(id: $0.id) != nil }
  }

  /// Removes a room's files, and returns the contents that no file has then: they are to be removed.
  package mutating func removeRoom(_ room: String) -> [Removal] {
    forget(files.removeRoom(room))
  }

  /// Forgets the oldest files where those of a room, or all of them, are too many, and says which
  /// contents go with them.
  package mutating func trimFiles(ofRoom room: String) -> [Removal] {
    forget(files.removeOldest(ofRoom: room, beyond: Self.roomLimit))
      + forget(files.removeOldest(beyond: Self.fileLimit))
  }

  private mutating func forget(_ gone: [SharedFile]) -> [Removal] {
    gone.flatMap { file -> [Removal] in
      contents[file.digest]?.files.remove(file.id)
      noteGone(file.id)
      guard contents[file.digest]?.files.isEmpty == true else { return [] }
      order.remove(file.digest)
      return removalIfUnwanted(file.digest)
    }
  }
}

// MARK: - What it answers

extension ShelfIndex {
  /// What the caller is to unlink, and then to report to `finish`.
  package enum Removal: Hashable, Sendable {
    /// A content.
    case content(SHA256Digest)
    /// A partial upload of this name.
    case partial(String)
  }

  /// What comes of asking for space.
  package enum Reservation: Equatable {
    /// The bytes are counted.
    case reserved
    /// These have to go first; then ask again.
    case removing([Removal])
    /// Others are removing enough; ask again when they are done.
    case waiting
    /// Nothing can make that much space.
    case full
  }

  /// What comes of bringing a content.
  package enum Arrival: Equatable {
    /// It is there; it has been pinned.
    case isStored
    /// The caller is to put it there, and then to call `endArrival` or `abortArrival`.
    case isExpected
    /// Another thread is putting it there, or removing it; ask again when it is done.
    case waiting
  }
}
