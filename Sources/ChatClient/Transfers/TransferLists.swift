internal import ChatClientModel
internal import ChatCore

/// Which files there are: what a person, a script or the client itself asks, and what was missed.
extension Transfers {
  /// Gets the file of an id, or of its beginning as the last list has it, or the newest of a name.
  func get(_ choice: String) {
    if let offer = offers[choice] { return downloads.fetch(offer) }
    let meant = lastListed.filter {
      choice.count >= FileTable.shortestID && $0.id.hasPrefix(choice)
    }
    if meant.count == 1 { return downloads.fetch(meant[0]) }
    look(Self.isFileID(choice) ? .wanted(choice) : .named(choice, refusal: nil))
  }

  /// What is none must not be asked for: nobody could tell which answer is the one to it.
  private static func isFileID(_ text: String) -> Bool {
    1...32 ~= text.utf8.count
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0"..."9" ~= $0)
      }
  }

  /// Gets the newest of those that have the name that was looked for.
  private func get(named name: String, refusal: String?) {
    defer { named = [] }
    guard let newest = named.first else {
      return outlet.fail(name, refusal ?? "there is no such file in this room", hasBegun: false)
    }
    if named.count > 1 {
      let file = FileName(from: newest.name)
      outlet.tell(
        .remark(
          "\(file): the newest of \(named.count), from \(newest.sender) "
            + "(\(ByteCount.text(newest.size)))"))
    }
    downloads.fetch(newest)
  }

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
    if let lookup = lookups[0], case .named(let name, _) = lookup,
      outlet.outgoing.note({ $0.isListOwn })
    {
      if FileName(from: offer.name) == FileName(from: name), named.count < Self.mostRemembered {
        named.append(offer)
      }
      return true
    }
    offers[offer.id] = offer
    guard let lookup = lookups[0], lookup.id == offer.id else {
      if listed.count < Self.mostRemembered { listed.append(.init(offer, time: time)) }
      return false
    }
    switch lookup {
    case .wanted: downloads.fetch(offer)
    case .missed, .unnamed, .named: offered(offer, nickname: nickname)
    case .ours:
      if offer.sender == nickname { sentNames[offer.id] = uploads.arrived(offer) }
    }
    return true
  }

  func listEnd() {
    guard outlet.outgoing.note({ $0.listAnswered() }) else {
      outlet.tell(.files(listed))
      lastListed = listed.map(\.offer)
      return listed = []
    }
    listed = []
    let lookup = lookups[0]
    lookupAnswered()
    switch lookup {
    case .wanted(let id) where offers[id] == nil: look(.named(id, refusal: nil))
    case .named(let name, let refusal): get(named: name, refusal: refusal)
    default: break
    }
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
    guard case .room(.sent(let sender, _, _)) = line, lookups.count < Self.mostRemembered else {
      return
    }
    if sender == nickname {
      lookups.append(.ours(file))
    } else if budget.acceptsAny {
      lookups.append(.missed(file))
    }
  }
}
