internal import ChatCrypto
internal import ChatSystem

/// How many files are lost, of how many that there were.
package struct FileLoss: Equatable, Sendable {
  package let lost: Int
  package let total: Int
}

/// What was last seen of the folder's names, by its time of change. A time changes in steps of some milliseconds:
/// only one that has stood still from one look to the next is trusted.
struct ShelfListing: Sendable {
  /// Nothing is missing of what lay there at this time.
  var settledTime: Int64?
  /// What the last look found.
  var seenTime: Int64?
  /// Listing many names takes long: not sooner than this.
  var nextTime = MonotonicTime.now
}

/// How the shelf notices that its files were removed by others.
extension FileShelf {
  /// Of the time, one part in so many at most is spent on listing names.
  private static let listingShare = 20

  /// Looks whether the folders still lie where they were opened (stat(2)), and if not recreates them.
  ///
  /// Uploads that are under way fail. What is being fetched is fetched to its end.
  /// - Returns: what is lost; `nil` if all is as it was, or can't be recreated now.
  package func reopenIfGone() -> FileLoss? {
    let old = store
    guard !old.isInPlace(at: path), let new = try? ContentStore(path: path),
      let partials = try? new.resumablePartials(nowSeconds: nowSeconds()),
      let contents = try? new.storedContents()
    else { return nil }
    defer { state.wake() }
    return state.withLock { state in
      state.store = new
      state.listing = ShelfListing()
      let total = state.index.fileCount
      state.index.retainOnly(partials: Set(partials.map(\.name)))
      // Where the contents lie as before, some may have come since they were listed.
      if !new.hasSameContents(as: old) { state.index.retainOnly(contents) }
      return FileLoss(lost: total - state.index.fileCount, total: total)
    }
  }

  /// Forgets the contents whose names are not in the folder any more, and their files. The names are listed only after
  /// some have come or gone.
  ///
  /// Thread: one at a time.
  /// - Returns: how many files are lost.
  package func dropMissing() -> FileLoss {
    let (store, last, total) = state.withLock { ($0.store, $0.listing, $0.index.fileCount) }
    let none = FileLoss(lost: 0, total: total)
    guard let time = store.changeTime, time != last.settledTime, .now >= last.nextTime,
      // Else all of it is recreated.
      store.isInPlace(at: path)
    else { return none }
    let start = MonotonicTime.now
    guard let names = try? store.contentNames() else { return none }
    let missing = state.withLock { $0.index.storedDigests }.filter { !names.contains($0) }
    var (isSettled, lost) = (true, 0)
    for digest in missing {
      state.withLock { state in
        // With the lock held, what is stored has its name: it may have come since, or be leaving.
        guard state.store === store, let content = state.index.contents[digest],
          content.state == .stored
        else { return }
        // What can't be looked at, or is being fetched, is looked at again.
        if content.pinCount == 0, let holds = try? store.holds(digest) {
          if !holds {
            lost += content.files.count
            state.index.drop(digest)
          }
        } else {
          isSettled = false
        }
      }
    }
    return state.withLock { state in
      guard state.store === store else { return none }
      if isSettled, time == last.seenTime { state.listing.settledTime = time }
      state.listing.seenTime = time
      state.listing.nextTime = .now + (.now - start) * Self.listingShare
      return FileLoss(lost: lost, total: total)
    }
  }
}
