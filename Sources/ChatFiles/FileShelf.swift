package import ChatCore
package import ChatSystem

/// The store of the files sent to rooms, within a budget of bytes.
///
/// A content is named by its SHA-256 and stored once, however many files have it. It is whole and on
/// the disk, or not there. Which files there are is told by `announce`, when the server starts as well:
/// the shelf itself remembers contents alone.
///
/// Thread: any. The lock guards the index alone: files are read, written, renamed and unlinked without it. What is
/// arriving or leaving is marked so in the index, and waiters are woken when that is over.
package final class FileShelf: Sendable {
  /// How many bytes contents and partial uploads take together at most.
  package let limitBytes: UInt64

  // What follows is for this type alone, which has four files: this one, ShelfUploads.swift, ShelfSums.swift and
  // ShelfWatch.swift.

  /// What the lock guards.
  struct State {
    /// Where the files are; another one once the folder was recreated.
    var store: ContentStore
    var index: ShelfIndex
    /// Some thread computes sums.
    var isSumming = false
    /// What is known of the folder's names.
    var listing = ShelfListing()
    /// The sums of contents' first blocks, where not all are known.
    var unfinishedSums: [SHA256Digest: [SHA256Digest]] = [:]
  }

  let path: FilePath
  let nowSeconds: @Sendable () -> Int64
  let state: Guarded<State>
  var store: ContentStore { state.withLock { $0.store } }

  /// Opens a shelf, or makes one, and removes the partial uploads that can't be resumed.
  ///
  /// - Parameters:
  ///   - folder: where it is; its parent is there. This object alone uses it (`DataFolder`'s lock).
  ///   - limitBytes: contents that lie there already may be more; see `trim`.
  ///   - blockBytes: what a partial upload takes on the disk is a multiple of this.
  ///   - nowSeconds: the time, seconds since 1970: the time of day at the start, from there on monotonic.
  package init(
    folder path: FilePath, limitBytes: UInt64, blockBytes: UInt64 = 4_096,
    nowSeconds: @escaping @Sendable () -> Int64 = { WallClock.milliseconds / 1_000 }
  ) throws(ShelfError) {
    self.nowSeconds = nowSeconds
    // Offsets are signed (off_t).
    self.limitBytes = min(limitBytes, UInt64(Int64.max))
    do throws(SystemError) {
      let store = try ContentStore(path: path)
      var index = ShelfIndex(limitBytes: self.limitBytes, blockBytes: blockBytes)
      for partial in try store.resumablePartials(nowSeconds: nowSeconds()) {
        index.addFoundPartial(
          partial.name, sizeBytes: partial.sizeBytes, modifiedSeconds: partial.modifiedSeconds)
      }
      for content in try store.storedContents() {
        index.addFound(content.digest, sizeBytes: content.sizeBytes)
      }
      try store.removeStraySums { index.contents[$0] != nil }
      self.path = path
      state = Guarded(State(store: store, index: index))
    } catch {
      throw ShelfError(error)
    }
  }

  /// How many bytes contents and partial uploads take.
  package var usedBytes: UInt64 { state.withLock { $0.index.usedBytes } }

  // MARK: Files

  /// Adds a file; those announced later are newer.
  ///
  /// - Parameter content: what the upload gave, if there was one: it is held until the file has it.
  /// - Returns: false if the content is not there, or another file has the name.
  @discardableResult
  package func announce(_ file: SharedFile, of content: StoredContent? = nil) -> Bool {
    let (isIn, removals) = withExtendedLifetime(content) {
      state.withLock { ($0.index.announce(file), $0.index.trimFiles(ofRoom: file.room)) }
    }
    removeIfPossible(removals)
    return isIn
  }

  /// The file of this name; `nil` if there is none, or its content is gone.
  package func file(id: String) -> SharedFile? {
    state.withLock { $0.index.file(id: id) }
  }

  /// Whether there was a file of this name whose content is no longer kept, as far as is remembered.
  package func isGone(id: String) -> Bool { state.withLock { $0.index.isGone(id: id) } }

  /// A room's files, the newest first.
  package func files(inRoom room: String, limit: Int) -> [SharedFile] {
    state.withLock { $0.index.files(inRoom: room, limit: limit) }
  }

  /// Removes a room's files, and the contents that no other file has; one that is being fetched goes
  /// when that is over.
  package func removeRoom(_ name: String) {
    removeIfPossible(state.withLock { $0.index.removeRoom(name) })
  }

  /// Opens a file's content for reading.
  ///
  /// - Returns: `nil` if there is no such file, or its content is gone.
  /// - Throws: `SystemError` if there is one and it cannot be opened now.
  package func open(id: String) throws(SystemError) -> OpenContent? {
    guard let found = state.withLock({ $0.index.pin(id: id) }) else { return nil }
    do throws(SystemError) {
      guard let file = try store.openContent(found.digest, sizeBytes: found.sizeBytes) else {
        // Another program has removed it.
        unpin(found.digest, isMissing: true)
        return nil
      }
      return OpenContent(
        digest: found.digest, sizeBytes: found.sizeBytes, file: file,
        pin: ContentPin(on: found.digest, of: self))
    } catch {
      unpin(found.digest)
      throw error
    }
  }

  /// Takes back a pin.
  func unpin(_ digest: SHA256Digest, isMissing: Bool = false) {
    removeIfPossible(state.withLock { $0.index.unpin(digest, isMissing: isMissing) })
  }

  /// All files, the one announced first first.
  package var allFiles: [SharedFile] { state.withLock { $0.index.allFiles } }

  /// Notes which line announces a file.
  package func setSequence(_ sequence: UInt64, of id: String) {
    state.withLock { $0.index.setSequence(sequence, of: id) }
  }

  // MARK: Removing

  /// Removes the contents that no file has and that are not pinned: to be called once everything has been
  /// announced that is known when the server starts.
  package func removeUnannounced() {
    removeIfPossible(state.withLock { $0.index.removeUnannounced() })
  }

  /// Removes what takes more than `limitBytes`, in the order in which it would go when space is needed:
  /// to be called after that, as the limit may have been higher before. What is in use stays.
  package func trim() {
    removeIfPossible(state.withLock { $0.index.trim() })
  }

  /// Unlinks what the index has marked as leaving.
  ///
  /// - Throws: `ShelfError` if something could not be unlinked: it stays, and so do its bytes.
  func remove(_ removals: [ShelfIndex.Removal]) throws(ShelfError) {
    var failure: SystemError?
    for removal in removals {
      do throws(SystemError) {
        switch removal {
        case .content(let digest): try store.removeContent(digest)
        case .partial(let name): try store.removePartial(name)
        }
        finish(removal, isGone: true)
      } catch {
        failure = error
        finish(removal, isGone: false)
      }
    }
    if let failure { throw ShelfError(failure) }
  }

  /// The same, where the space is not needed at once: what stays is tried again when it is.
  func removeIfPossible(_ removals: [ShelfIndex.Removal]) { try? remove(removals) }

  private func finish(_ removal: ShelfIndex.Removal, isGone: Bool) {
    state.withLock { $0.index.finish(removal, isGone: isGone) }
    state.wake()
  }
}
