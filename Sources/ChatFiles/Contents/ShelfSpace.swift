internal import ChatCore

/// Space: how much each may have of it, and what is removed to make some.
///
/// There go first the contents that no file has, then the partial uploads not in use, then
/// the contents that were announced longest ago; of a content that several files have, the last
/// announcement counts. What is pinned or in use never goes, and nothing goes in vain.
///
/// Partial uploads have half of the space, together: they may never be finished, and would otherwise
/// cost everyone's files. Those not in use make way for the others. An upload that is the
/// only one to have bytes may take all the space, so that one large file still fits. Several of one
/// address have no more than they leave for all others.
extension ShelfIndex {
  /// Counts more bytes for a partial upload in use, or says what has to go before that.
  package mutating func reserve(_ count: UInt64, for name: String) -> Reservation {
    guard count <= limitBytes else { return .full }
    let cost = partials.cost(of: count, moreOf: name)
    guard !isMoreThanShare(cost, of: name) else { return .full }
    let missingBytes = surplus(of: usedBytes + cost, beyond: limitBytes)
    var missingOfHalf = surplus(of: partials.bytes + cost, beyond: limitBytes / 2)
    let isAlone = partials.inUseBytes == partials.cost(of: name)
    if isAlone {
      missingOfHalf = min(missingOfHalf, partials.unusedBytes + partials.leavingBytes)
    }
    guard missingBytes > 0 || missingOfHalf > 0 else {
      partials[sizeBytesOf: name] += count
      usedBytes += cost
      return .reserved
    }
    let partialBytes = surplus(of: missingOfHalf, beyond: partials.leavingBytes)
    let bytes = surplus(of: missingBytes, beyond: leavingBytes)
    guard partialBytes > 0 || bytes > 0 else { return .waiting }
    guard partialBytes <= partials.unusedBytes else { return .full }
    let (removals, freedBytes) = removals(of: bytes, ofPartials: partialBytes)
    guard freedBytes >= bytes else { return .full }
    for removal in removals { leave(removal) }
    return .removing(removals)
  }

  /// Says what is to be removed so that the space that is taken is no more than it may be, where that
  /// has become less. What cannot go now goes when space is needed.
  package mutating func trim() -> [Removal] {
    let bytes = surplus(of: usedBytes, beyond: limitBytes)
    let removals = removals(of: surplus(of: bytes, beyond: leavingBytes), ofPartials: 0).removals
    for removal in removals { leave(removal) }
    return removals
  }

  /// Returns the contents that no file has and that are not pinned: they are to be removed.
  package mutating func removeUnannounced() -> [Removal] {
    let removals = order.oldestFirst.filter { digest in
      contents[digest].map { canGo($0) && $0.files.isEmpty } == true
    }.map { Removal.content($0) }
    for removal in removals { leave(removal) }
    return removals
  }

  /// Marks as leaving what is to be removed.
  mutating func leave(_ removal: Removal) {
    switch removal {
    case .content(let digest):
      contents[digest]?.state = .leaving
      leavingContentBytes += contents[digest]?.sizeBytes ?? 0
    case .partial(let name):
      partials.leave(name)
    }
  }

  /// Ends a removal: the thing is gone, or else it is still there, and can be had again.
  package mutating func finish(_ removal: Removal, isGone: Bool) {
    switch removal {
    case .content(let digest):
      guard let sizeBytes = contents[digest]?.sizeBytes else { return }
      leavingContentBytes -= sizeBytes
      if isGone {
        drop(digest)
      } else {
        contents[digest]?.state = .stored
        // What was to be removed is tried again when space is needed.
        if !order.contains(digest) { order.append(digest) }
      }
    case .partial(let name):
      if isGone { dropPartial(name) } else { partials.release(name) }
    }
  }

  /// Forgets a content that is gone, with its files.
  mutating func drop(_ digest: SHA256Digest) {
    guard let content = contents.removeValue(forKey: digest) else { return }
    usedBytes -= content.sizeBytes
    order.remove(digest)
    for id in content.files {
      files.remove(id: id)
      noteGone(id)
    }
  }

  private var leavingBytes: UInt64 { leavingContentBytes + partials.leavingBytes }

  /// Whether one address would have more of the half that partial uploads have than it leaves for all others; the only
  /// one of an address may have more.
  private func isMoreThanShare(_ cost: UInt64, of name: String) -> Bool {
    guard let own = partials.inUseBytes(ofSourceOf: name), own > partials.cost(of: name) else {
      return false
    }
    return own + cost > surplus(of: limitBytes / 2, beyond: partials.inUseBytes)
  }

  private func surplus(of bytes: UInt64, beyond limit: UInt64) -> UInt64 {
    bytes > limit ? bytes - limit : 0
  }

  private func canGo(_ content: Content) -> Bool {
    content.state == .stored && content.pinCount == 0
  }

  /// What goes to free so many bytes, of them so many of partial uploads, and how many it frees: fewer
  /// where no more can go.
  private func removals(
    of bytes: UInt64, ofPartials partialBytes: UInt64
  ) -> (removals: [Removal], freedBytes: UInt64) {
    guard bytes > 0 || partialBytes > 0 else { return ([], 0) }
    var removals: [Removal] = []
    var freedBytes: UInt64 = 0
    var unused = partials.unused()[...]

    func takePartials(of bytes: UInt64) {
      while freedBytes < bytes, let partial = unused.popFirst() {
        removals.append(.partial(partial.name))
        freedBytes += partial.sizeBytes
      }
    }

    takePartials(of: partialBytes)
    for digest in order.oldestFirst {
      guard let content = contents[digest], canGo(content) else { continue }
      // Contents that no file has were found at the start, and stand before all others.
      if !content.files.isEmpty { takePartials(of: bytes) }
      guard freedBytes < bytes else { break }
      removals.append(.content(digest))
      freedBytes += content.sizeBytes
    }
    takePartials(of: bytes)
    return (removals, freedBytes)
  }
}
