package import ChatCore

/// The files that the server has listed, and the questions for single files that the client asks by itself. Pure.
///
/// Answers come in the order of the questions. A list that a person or script has asked for is gathered here, too.
package struct FileLookups: Sendable {
  /// Limit: of offers, questions and lists.
  package static let mostRemembered = 1_000

  /// Why the server is asked for a file.
  private enum Lookup: Equatable, Sendable {
    /// To fetch it.
    case wanted(String)
    /// To fetch the newest of this name: the text is not an id, or was refused as one.
    case named(String, refusal: String?)
    /// It is the client's own, sent before the connection was lost.
    case ours(String)
    /// It was offered while the connection was lost.
    case missed(String)
    /// It was published, and the connection was lost before its id came: it is the first of that sender and name in
    /// the whole list.
    case unnamed(Published)

    /// What is asked for; empty for the whole list.
    var id: String {
      switch self {
      case .wanted(let id), .ours(let id), .missed(let id): id
      case .unnamed, .named: ""
      }
    }

    /// What a person wants; `nil` if no person asked.
    var choice: String? {
      switch self {
      case .wanted(let choice), .named(let choice, _): choice
      case .ours, .missed, .unnamed: nil
      }
    }
  }

  /// What is to be done.
  package enum Step: Equatable, Sendable {
    /// Fetch this file.
    case fetch(SharedFile)
    /// Fetch this file, the newest of so many of its name.
    case fetchNewest(SharedFile, of: Int)
    /// Treat it as offered now.
    case offered(SharedFile)
    /// It is the client's own, and has arrived.
    case arrived(SharedFile)
    /// Ask the server for the file of this id; empty for the whole list.
    case ask(String)
    /// What a person wants can't be had.
    case fail(String, reason: String)
    /// Display the list that a person has asked for.
    case display([TransferNotice.Listed])
    /// Transfers may go on: it is known what has arrived.
    case resumeTransfers
  }

  /// What the room's stream says of a file.
  private struct Published: Equatable, Sendable {
    let sender: String
    let name: String
  }

  private var offers = RecentFiles<SharedFile>(limit: mostRemembered)
  /// What was asked and is not answered, in order.
  private var lookups = Fifo<Lookup>()
  /// The first of the answers has brought the file that it was asked for.
  private var hasFound = false
  /// The answer to `/files` as far as it has come.
  private var listed: [TransferNotice.Listed] = []
  /// What `/files` listed last: the ids that a person sees.
  private var lastListed: [SharedFile] = []
  /// The files of the name that is looked for, newest first.
  private var named: [SharedFile] = []
  /// A line of the stream reports a file, and the file itself is offered next.
  private var published: Published?
  /// Transfers wait until all questions are answered.
  package private(set) var holdsTransfers = false

  /// Nothing is known or asked.
  package init() {}

  /// Whether nothing is asked.
  package var isEmpty: Bool { lookups.isEmpty }

  /// Remembers a file that is offered.
  package mutating func remember(_ offer: SharedFile) { offers[offer.id] = offer }

  /// Notes what a line says of a file to come.
  package mutating func follow(_ line: ServerLine) {
    switch line {
    case .room(.sent(let sender, let name, _)): published = Published(sender: sender, name: name)
    // These may stand between the line and the offer.
    case .control(.ping), .control(.pong): break
    default: published = nil
    }
  }

  // MARK: Questions

  /// Gets the file of an id, or of its beginning as the last list has it, or the newest of a name.
  package mutating func get(_ choice: String) -> Step {
    if let offer = offers[choice] { return .fetch(offer) }
    let meant = lastListed.filter {
      choice.count >= FileTable.shortestID && $0.id.hasPrefix(choice)
    }
    if meant.count == 1 { return .fetch(meant[0]) }
    return ask(Self.isFileID(choice) ? .wanted(choice) : .named(choice, refusal: nil))
  }

  /// The server would not repeat anything else in its answer.
  private static func isFileID(_ text: String) -> Bool {
    1...32 ~= text.utf8.count
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0"..."9" ~= $0)
      }
  }

  private mutating func ask(_ lookup: Lookup) -> Step {
    lookups.append(lookup)
    return .ask(lookup.id)
  }

  /// A line was missed that reports a file. It is asked for after the reconnection.
  ///
  /// - Parameter acceptsAny: files of others may be fetched.
  package mutating func missed(
    _ line: ServerLine, file: String, nickname: String, acceptsAny: Bool
  ) {
    guard case .room(.sent(let sender, _, _)) = line, lookups.count < Self.mostRemembered else {
      return
    }
    if sender == nickname {
      lookups.append(.ours(file))
    } else if acceptsAny {
      lookups.append(.missed(file))
    }
  }

  // MARK: Answers

  /// A file of a list.
  ///
  /// - Parameter isOwn: the client has asked for the list, not a person or script.
  /// - Returns: what to do; `nil` if the file is to be displayed.
  package mutating func list(
    _ offer: SharedFile, time: String, nickname: String, isOwn: Bool
  ) -> [Step]? {
    if isOwn, case .unnamed(let published) = lookups[0] {
      guard !hasFound, published == Published(sender: offer.sender, name: offer.name) else {
        return []
      }
      hasFound = true
      return [.offered(offer)]
    }
    if isOwn, case .named(let name, _) = lookups[0] {
      if FileName(from: offer.name) == FileName(from: name), named.count < Self.mostRemembered {
        named.append(offer)
      }
      return []
    }
    remember(offer)
    guard let lookup = lookups[0], lookup.id == offer.id else {
      if listed.count < Self.mostRemembered { listed.append(.init(offer, time: time)) }
      return nil
    }
    switch lookup {
    case .wanted: return [.fetch(offer)]
    case .missed, .unnamed, .named: return [.offered(offer)]
    case .ours: return offer.sender == nickname ? [.arrived(offer)] : []
    }
  }

  /// A list has ended.
  ///
  /// - Parameter isOwn: the client has asked for it, not a person or script.
  package mutating func listEnd(isOwn: Bool) -> [Step] {
    defer { listed = [] }
    guard isOwn else {
      lastListed = listed.map(\.offer)
      return [.display(listed)]
    }
    let lookup = lookups[0]
    var steps = answered()
    switch lookup {
    case .wanted(let id) where offers[id] == nil: steps.append(ask(.named(id, refusal: nil)))
    case .named(let name, let refusal): steps.append(newest(name, refusal))
    default: break
    }
    return steps
  }

  /// The newest of those that have the name that was looked for.
  private mutating func newest(_ name: String, _ refusal: String?) -> Step {
    defer { named = [] }
    guard let newest = named.first else {
      return .fail(name, reason: refusal ?? "there is no such file in this room")
    }
    return named.count > 1 ? .fetchNewest(newest, of: named.count) : .fetch(newest)
  }

  /// The first question is refused: no list follows.
  package mutating func refused(_ reason: String) -> [Step] {
    let lookup = lookups[0]
    var steps = answered()
    if case .wanted(let id) = lookup { steps.append(ask(.named(id, refusal: reason))) }
    return steps
  }

  private mutating func answered() -> [Step] {
    _ = lookups.popFirst()
    hasFound = false
    guard lookups.isEmpty, holdsTransfers else { return [] }
    holdsTransfers = false
    return [.resumeTransfers]
  }

  /// Forgets all questions.
  ///
  /// - Returns: what a person wanted.
  package mutating func removeAll() -> [String] {
    defer { lookups.removeAll() }
    return lookups.elements.compactMap(\.choice)
  }

  // MARK: Connections

  /// The connection is lost.
  package mutating func interrupt() {
    hasFound = false
    if let published, lookups.count < Self.mostRemembered { lookups.append(.unnamed(published)) }
    published = nil
  }

  /// The connection is there again, and the gap is closed: all questions are asked again.
  ///
  /// - Returns: the ids to ask for.
  package mutating func resume() -> [String] {
    holdsTransfers = !lookups.isEmpty
    return lookups.elements.map(\.id)
  }
}
