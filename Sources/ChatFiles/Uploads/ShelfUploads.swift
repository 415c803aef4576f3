package import ChatCore
package import ChatSystem

/// Uploads: how they begin, the space they take, and how they become contents.
extension FileShelf {
  /// How long an upload waits for space, and how often it checks.
  private static let longestWait: Duration = .seconds(6)
  private static let waitStep: Duration = .milliseconds(200)

  /// Begins an upload, or resumes one.
  ///
  /// Resuming needs all three parameters, the same ones as before. The upload is resumed unless another one is using
  /// the partial file, or it has been removed; `receivedBytes` says from where.
  ///
  /// - Parameters:
  ///   - resumeKey: who uploads it.
  ///   - digest: what it will be; `nil`: whatever comes.
  ///   - size: how many bytes it will have; `nil`: as many as come.
  ///   - source: the address that a partial file left behind is counted against.
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
    guard state.withLock({ $0.index.usePartial(name.text, from: source) }) else { return nil }
    do throws(SystemError) {
      guard let file = try store.openPartial(name.text) else {
        state.withLock { $0.index.dropPartial(name.text) }
        return nil
      }
      var sizeBytes = try file.status().sizeBytes
      if sizeBytes > name.sizeBytes {
        try file.truncate(to: 0)
        sizeBytes = 0
      }
      state.withLock { $0.index.setPartial(name.text, sizeBytes: sizeBytes) }
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
    let name = "anonymous-\(SecretName.make())"
    // The name is unused: making the file would have failed otherwise (O_EXCL).
    let file = try store.makePartial(name)
    _ = state.withLock { $0.index.usePartial(name, from: source) }
    return ContentUpload(
      to: self, name: name, isResumable: false, file: file, receivedBytes: 0,
      declaredDigest: digest, declaredSizeBytes: size)
  }

  /// Removes the partial uploads that were not resumed for an hour.
  package func removeStalePartials() {
    let now = nowSeconds()
    removeIfPossible(
      state.withLock { $0.index.removeStalePartials(before: now - ContentStore.staleSeconds) })
  }

  /// Counts bytes that an upload is about to write, removing what has to make space for them.
  ///
  /// - Parameter makeWay: evicts slow downloads, whose contents can't be removed before they end; returns whether it is
  ///   worth waiting for.
  func reserve(
    _ count: UInt64, for name: String, makeWay: () -> Bool
  ) throws(ShelfError) {
    var deadline: MonotonicTime?
    while true {
      switch nextReservation(count, for: name, waitsForSpace: deadline != nil) {
      case .reserved: return
      case .removing(let removals): try remove(removals)
      case .waiting: continue
      case .full:
        let limit = deadline ?? .now + Self.longestWait
        deadline = limit
        guard .now < limit, makeWay() else { throw .noSpace }
      }
    }
  }

  /// Asks the index for space, and waits for those who are removing something.
  ///
  /// - Parameter waitsForSpace: waits a moment if there is none.
  private func nextReservation(
    _ count: UInt64, for name: String, waitsForSpace: Bool
  ) -> ShelfIndex.Reservation {
    guard waitsForSpace else {
      return state.wait { state in
        let answer = state.index.reserve(count, for: name)
        return answer == .waiting ? nil : answer
      }
    }
    var last = ShelfIndex.Reservation.full
    return state.wait(until: .now + Self.waitStep) { state in
      last = state.index.reserve(count, for: name)
      return last == .waiting || last == .full ? nil : last
    } ?? last
  }

  /// Notes how many bytes an upload has after all.
  func setPartial(_ name: String, sizeBytes: UInt64) {
    state.withLock { $0.index.setPartial(name, sizeBytes: sizeBytes) }
  }

  /// Leaves a partial upload to be resumed.
  func release(partial name: String, modifiedSeconds: Int64?) {
    removeIfPossible(
      state.withLock { $0.index.releasePartial(name, modifiedSeconds: modifiedSeconds) })
  }

  /// Removes a partial upload that the caller is using.
  func discard(partial name: String) {
    // What cannot be unlinked is no longer counted, and is found when the shelf is opened again.
    try? store.removePartial(name)
    state.withLock { $0.index.dropPartial(name) }
  }

  /// Puts a whole and checked upload among the contents, or drops it if its content is there.
  func commit(
    _ file: RegularFile, partial name: String, as digest: SHA256Digest, sizeBytes: UInt64,
    blocks: [SHA256Digest]
  ) throws(SystemError) -> StoredContent {
    var isMissing = false
    while true {
      let arrival = state.wait { state in
        let arrival = state.index.beginArrival(digest, sizeBytes: sizeBytes, isMissing: isMissing)
        return arrival == .waiting ? nil : arrival
      }
      switch arrival {
      case .waiting: continue
      case .isStored:
        let pin = ContentPin(on: digest, of: self)
        if try store.holds(digest, sizeBytes: sizeBytes) {
          discard(partial: name)
          return StoredContent(digest: digest, sizeBytes: sizeBytes, pin: pin)
        }
        isMissing = true
      case .isExpected:
        store(blocks, of: digest)
        do throws(SystemError) {
          try store.commit(file, partial: name, as: digest)
        } catch {
          state.withLock { $0.index.abortArrival(digest) }
          state.wake()
          throw error
        }
        state.withLock { $0.index.endArrival(digest, of: name) }
        state.wake()
        return StoredContent(
          digest: digest, sizeBytes: sizeBytes, pin: ContentPin(on: digest, of: self))
      }
    }
  }
}
