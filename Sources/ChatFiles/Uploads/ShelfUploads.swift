package import ChatCore
package import ChatSystem

/// Uploads: how they begin, the space they take, and how they become contents.
extension FileShelf {
  /// How long an upload waits for space that others are to let go of, and how often they are looked for.
  private static let longestWait: Duration = .seconds(6)
  private static let waitStep: Duration = .milliseconds(200)

  /// Begins an upload, or goes on with one that was broken off.
  ///
  /// One that is to go on later needs all three parameters, and the same ones then. It does go on
  /// unless another upload is just doing so, or it has been removed; `receivedBytes` says from where.
  ///
  /// - Parameters:
  ///   - resumeKey: who uploads it.
  ///   - digest: what it will be; `nil`: whatever comes.
  ///   - size: how many bytes it will have; `nil`: as many as come.
  ///   - source: where it comes from: what it leaves behind counts as that one's.
  /// - Throws: `ShelfError`; `noSpace` if it could never fit.
  package func beginUpload(
    resumeKey: String?, digest: SHA256Digest?, size: UInt64?, from source: AddressBlock? = nil
  ) throws(ShelfError) -> ContentUpload {
    if let size, size > limitBytes { throw .noSpace }
    do throws(SystemError) {
      if let resumeKey, let digest, let size,
        let name = PartialName(digest: digest, sizeBytes: size, resumeKey: resumeKey),
        let upload = try resume(name, source)
      {
        return upload
      }
      return try beginAnonymously(digest: digest, size: size, source)
    } catch {
      throw ShelfError(error)
    }
  }

  private func resume(
    _ name: PartialName, _ source: AddressBlock?
  ) throws(SystemError) -> ContentUpload? {
    guard lock.withLock({ index.usePartial(name.text, from: source) }) else { return nil }
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
      return ContentUpload(
        to: self, name: name.text, isResumable: true, file: file, receivedBytes: sizeBytes,
        declaredDigest: name.digest, declaredSizeBytes: name.sizeBytes)
    } catch {
      release(partial: name.text, modifiedSeconds: nil)
      throw error
    }
  }

  private func beginAnonymously(
    digest: SHA256Digest?, size: UInt64?, _ source: AddressBlock?
  ) throws(SystemError) -> ContentUpload {
    let name = "anonymous-\(Self.makeID())"
    // The name is nobody else's: the file would not have been made (O_EXCL).
    let file = try folder.makePartial(name)
    _ = lock.withLock { index.usePartial(name, from: source) }
    return ContentUpload(
      to: self, name: name, isResumable: false, file: file, receivedBytes: 0,
      declaredDigest: digest, declaredSizeBytes: size)
  }

  /// Removes the partial uploads that nobody has gone on with for an hour.
  package func removeStalePartials() {
    let now = nowSeconds()
    removeIfPossible(
      lock.withLock { index.removeStalePartials(before: now - ContentStore.staleSeconds) })
  }

  /// Counts bytes that an upload is about to write, removing what has to make space for them.
  ///
  /// - Parameter makeWay: has others let go of space that can't be had otherwise, if they take too long; says whether
  ///   it is worth waiting for.
  func reserve(
    _ count: UInt64, for name: String, makeWay: () -> Bool
  ) throws(ShelfError) {
    var deadline: MonotonicTime?
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
      case .full:
        let limit = deadline ?? .now + Self.longestWait
        deadline = limit
        guard .now < limit, makeWay() else { throw .noSpace }
        lock.withLock { _ = changed.wait(lock, until: .now + Self.waitStep) }
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
    _ file: RegularFile, partial name: String, as digest: SHA256Digest, sizeBytes: UInt64,
    blocks: [SHA256Digest]
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
        store(blocks, of: digest)
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
}
