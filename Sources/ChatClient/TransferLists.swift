internal import ChatCore

/// Which files there are: what a person, a script or the client itself asks, and what was missed.
extension Transfers {
  /// - Returns: whether it is the answer to a question of ours.
  func list(_ offer: FileOffer, time: String, nickname: String) -> Bool {
    if let lookup = lookups[0], case .unnamed(let sent) = lookup,
      outlet.outgoing.note({ $0.isListOwn })
    {
      guard !hasFound, sent.sender == offer.sender, sent.name == offer.name else { return true }
      hasFound = true
      offered(offer, nickname: nickname)
      return true
    }
    offers[offer.id] = offer
    guard let lookup = lookups[0], lookup.id == offer.id else {
      if listed.count < Self.mostRemembered { listed.append(.init(offer, time: time)) }
      return false
    }
    switch lookup {
    case .wanted: downloads.fetch(offer)
    case .missed, .unnamed: offered(offer, nickname: nickname)
    case .ours:
      if offer.sender == nickname { sentNames[offer.id] = uploads.arrived(offer) }
    }
    return true
  }

  func listEnd() {
    guard outlet.outgoing.note({ $0.listAnswered() }) else {
      outlet.tell(.files(listed))
      return listed = []
    }
    listed = []
    if case .wanted(let id) = lookups[0], offers[id] == nil {
      outlet.fail(id, "there is no such file here", hasBegun: false)
    }
    lookupAnswered()
  }

  func lookupAnswered() {
    _ = lookups.popFirst()
    hasFound = false
    if lookups.isEmpty, resumesUploads {
      resumesUploads = false
      uploads.resume()
    }
  }

  /// A line was missed that tells of a file.
  func missed(_ line: ServerLine, file: String, nickname: String) {
    guard case .sent(let sender, _, _) = line, lookups.count < Self.mostRemembered else { return }
    if sender == nickname {
      lookups.append(.ours(file))
    } else if budget.acceptsAny {
      lookups.append(.missed(file))
    }
  }
}
