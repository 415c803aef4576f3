package import ChatCrypto
package import ChatSystem

/// The shelf of kept files: what people put into rooms, within a budget of bytes.
///
/// A content is named by its SHA-256 and stored once, however many files have it. It is whole and on
/// the disk, or not there. Which files there are is told by `announce`, when the server starts as well:
/// the shelf itself remembers contents alone.
///
/// Thread: any. The lock guards the index alone: files are read, written, renamed and unlinked with the
/// lock open. What is arriving or leaving is marked so in the index; `changed` says that it has.
package final class FileShelf: @unchecked Sendable {
  // Sound: all that changes is guarded by the lock.

  /// How many bytes contents and partial uploads take together at most.
  package let limitBytes: UInt64

  private let folder: ShelfFolder
  private let lock = Lock()
  private let changed = Condition()
  private var index: ShelfIndex

  /// Opens a shelf, or makes one, and removes the partial uploads that nobody can go on with.
  ///
  /// - Parameters:
  ///   - folder: where it is; its parent is there. This object alone uses it (`DataFolder`'s lock).
  ///   - limitBytes: contents that lie there already may be more; they go when space is needed.
  ///   - nowSeconds: the time of day, seconds since 1970.
  package init(
    folder path: String, limitBytes: UInt64,
    nowSeconds: Int64 = WallClock.milliseconds / 1_000
  ) throws(ShelfError) {
    // Offsets are signed (off_t).
    self.limitBytes = min(limitBytes, UInt64(Int64.max))
    do throws(SystemError) {
      let folder = try ShelfFolder(path: path)
      var index = ShelfIndex(limitBytes: self.limitBytes)
      for partial in try folder.resumablePartials(nowSeconds: nowSeconds) {
        index.addFoundPartial(
          partial.name, sizeBytes: partial.sizeBytes, modifiedSeconds: partial.modifiedSeconds)
      }
      for content in try folder.storedContents() {
        index.addFound(content.digest, sizeBytes: content.sizeBytes)
      }
      self.folder = folder
      self.index = index
    } catch {
      throw ShelfError(error)
    }
  }

  /// How many bytes contents and partial uploads take.
  package var usedBytes: UInt64 { lock.withLock { index.usedBytes } }

  // MARK: Files

  /// A name for a file: 12 letters and digits of ASCII that nobody can guess.
  package static func makeID() -> String {
    // getrandom(2), through the standard library.
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    let bytes = (0..<12).map { _ in
      alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Adds a file; those announced later are newer.
  ///
  /// - Parameter content: what the upload gave, if there was one: it is held until the file has it.
  /// - Returns: false if the content is not there, or another file has the name.
  @discardableResult
  package func announce(_ file: KeptFile, of content: StoredContent? = nil) -> Bool {
    let (isIn, removals) = withExtendedLifetime(content) {
      lock.withLock { (index.announce(file), index.trimFiles(ofRoom: file.room)) }
    }
    removeIfPossible(removals)
    return isIn
  }

  /// The file of this name; `nil` if there is none, or its content is gone.
  package func file(id: String) -> KeptFile? {
    lock.withLock { index.file(id: id) }
  }

  /// A room's files, the newest first.
  package func files(inRoom room: String, limit: Int) -> [KeptFile] {
    lock.withLock { index.files(inRoom: room, limit: limit) }
  }

  /// Removes a room's files, and the contents that no other file has; one that is being fetched goes
  /// when that is over.
  package func removeRoom(_ name: String) {
    removeIfPossible(lock.withLock { index.removeRoom(name) })
  }

  /// Opens a file's content for reading.
  ///
  /// - Returns: `nil` if there is no such file, or its content is gone.
  /// - Throws: `SystemError` if there is one and it cannot be opened now.
  package func open(id: String) throws(SystemError) -> OpenContent? {
    guard let found = lock.withLock({ index.pin(id: id) }) else { return nil }
    do throws(SystemError) {
      guard let file = try folder.openContent(found.digest, sizeBytes: found.sizeBytes) else {
        // Somebody else has removed it.
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
    removeIfPossible(lock.withLock { index.unpin(digest, isMissing: isMissing) })
  }

  // MARK: Uploads

  /// Begins an upload, or goes on with one that was broken off.
  ///
  /// One that is to go on later needs all three parameters, and the same ones then. It does go on
  /// unless another upload is just doing so, or it has been removed; `receivedBytes` says from where.
  ///
  /// - Parameters:
  ///   - resumeKey: who uploads it.
  ///   - digest: what it will be; `nil`: whatever comes.
  ///   - size: how many bytes it will have; `nil`: as many as come.
  /// - Throws: `ShelfError`; `noSpace` if it could never fit.
  package func beginUpload(
    resumeKey: String?, digest: SHA256Digest?, size: UInt64?
  ) throws(ShelfError) -> Upload {
    if let size, size > limitBytes { throw .noSpace }
    do throws(SystemError) {
      if let resumeKey, let digest, let size,
        let name = PartialName(digest: digest, sizeBytes: size, resumeKey: resumeKey),
        let upload = try resume(name)
      {
        return upload
      }
      return try beginAnonymously(digest: digest, size: size)
    } catch {
      throw ShelfError(error)
    }
  }

  private func resume(_ name: PartialName) throws(SystemError) -> Upload? {
    guard lock.withLock({ index.usePartial(name.text) }) else { return nil }
    do throws(SystemError) {
      guard let file = try folder.openPartial(name.text) else {
        lock.withLock { index.dropPartial(name.text) }
        return nil
      }
      var sizeBytes = try file.status().sizeBytes
      if sizeBytes > name.sizeBytes {
        try file.truncate(to: 0)
        sizeBytes = 0
      }
      lock.withLock { index.setPartial(name.text, sizeBytes: sizeBytes) }
      return Upload(
        to: self, name: name.text, isResumable: true, file: file, receivedBytes: sizeBytes,
        declaredDigest: name.digest, declaredSizeBytes: name.sizeBytes)
    } catch {
      release(partial: name.text, modifiedSeconds: nil)
      throw error
    }
  }

  private func beginAnonymously(
    digest: SHA256Digest?, size: UInt64?
  ) throws(SystemError) -> Upload {
    var name = "anonymous-\(Self.makeID())"
    while !lock.withLock({ index.usePartial(name) }) { name = "anonymous-\(Self.makeID())" }
    do throws(SystemError) {
      let file = try folder.makePartial(name)
      return Upload(
        to: self, name: name, isResumable: false, file: file, receivedBytes: 0,
        declaredDigest: digest, declaredSizeBytes: size)
    } catch {
      lock.withLock { index.dropPartial(name) }
      throw error
    }
  }

  /// Removes the partial uploads that nobody has gone on with for an hour.
  package func removeStalePartials(nowSeconds: Int64 = WallClock.milliseconds / 1_000) {
    removeIfPossible(
      lock.withLock { index.removeStalePartials(before: nowSeconds - ShelfFolder.staleSeconds) })
  }

  /// Counts bytes that an upload is about to write, removing what has to make space for them.
  func reserve(_ count: UInt64, for name: String) throws(ShelfError) {
    while true {
      let answer = lock.withLock {
        let answer = index.reserve(count, for: name)
        // Whoever is removing signals when it is done, with the lock held.
        if answer == .waiting { changed.wait(lock) }
        return answer
      }
      switch answer {
      case .reserved: return
      case .removing(let removals): try remove(removals)
      case .waiting: continue
      case .full: throw .noSpace
      }
    }
  }

  /// Notes how many bytes an upload has after all.
  func setPartial(_ name: String, sizeBytes: UInt64) {
    lock.withLock { index.setPartial(name, sizeBytes: sizeBytes) }
  }

  /// Leaves a partial upload to whoever goes on with it.
  func release(partial name: String, modifiedSeconds: Int64?) {
    removeIfPossible(
      lock.withLock { index.releasePartial(name, modifiedSeconds: modifiedSeconds) })
  }

  /// Removes a partial upload that the caller is using.
  func discard(partial name: String) {
    // What cannot be unlinked is no longer counted, and is found when the shelf is opened again.
    try? folder.removePartial(name)
    lock.withLock { index.dropPartial(name) }
  }

  /// Puts a whole and checked upload among the contents, or drops it if its content is there.
  func keep(
    _ file: borrowing ShelfFile, partial name: String, as digest: SHA256Digest, sizeBytes: UInt64
  ) throws(SystemError) -> StoredContent {
    var isMissing = false
    while true {
      let arrival = lock.withLock {
        let arrival = index.beginArrival(digest, sizeBytes: sizeBytes, isMissing: isMissing)
        if arrival == .waiting { changed.wait(lock) }
        return arrival
      }
      switch arrival {
      case .waiting: continue
      case .isKept:
        let pin = ContentPin(on: digest, of: self)
        if try folder.holds(digest, sizeBytes: sizeBytes) {
          discard(partial: name)
          return StoredContent(digest: digest, sizeBytes: sizeBytes, pin: pin)
        }
        isMissing = true
      case .isExpected:
        do throws(SystemError) {
          try folder.keep(file, partial: name, as: digest)
        } catch {
          lock.withLock {
            index.abortArrival(digest)
            changed.broadcast()
          }
          throw error
        }
        lock.withLock {
          index.endArrival(digest, of: name)
          changed.broadcast()
        }
        return StoredContent(
          digest: digest, sizeBytes: sizeBytes, pin: ContentPin(on: digest, of: self))
      }
    }
  }

  // MARK: Removing

  /// Unlinks what the index has marked as leaving.
  ///
  /// - Throws: `ShelfError` if something could not be unlinked: it stays, and so do its bytes.
  private func remove(_ removals: [ShelfIndex.Removal]) throws(ShelfError) {
    var failure: SystemError?
    for removal in removals {
      do throws(SystemError) {
        switch removal {
        case .content(let digest): try folder.removeContent(digest)
        case .partial(let name): try folder.removePartial(name)
        }
        finish(removal, isGone: true)
      } catch {
        failure = error
        finish(removal, isGone: false)
      }
    }
    if let failure { throw ShelfError(failure) }
  }

  /// The same, where nobody waits for the space: what stays is tried again when it is needed.
  private func removeIfPossible(_ removals: [ShelfIndex.Removal]) { try? remove(removals) }

  private func finish(_ removal: ShelfIndex.Removal, isGone: Bool) {
    lock.withLock {
      index.finish(removal, isGone: isGone)
      changed.broadcast()
    }
  }
}
