/// The requests that were sent and are not answered to their end. Pure.
struct OpenRequests: Sendable {
  /// A request for a list of files.
  private struct List {
    /// The file that is asked for; empty for all.
    let id: String
    /// Whether the client asks by itself, not for a person or script.
    let isOwn: Bool
  }

  /// How many there are of persons and scripts.
  private(set) var count = 0
  /// Lists of files come in the order of the requests.
  private var lists = Fifo<List>()

  /// A request is sent.
  mutating func add() { count += 1 }

  /// A request for a list of files is sent.
  ///
  /// - Parameter isOwn: the client asks by itself, not for a person or script.
  mutating func add(list line: [UInt8], isOwn: Bool) {
    if !isOwn { add() }
    let id = line.dropFirst("[FILES]:".utf8.count).prefix { $0 != UInt8(ascii: "\t") }
    lists.append(List(id: String(decoding: id, as: UTF8.self), isOwn: isOwn))
  }

  /// A request is answered to its end, or refused.
  mutating func answered() { count = max(0, count - 1) }

  /// Whether the list of files that comes next is the client's own.
  var isListOwn: Bool { lists[0]?.isOwn ?? false }

  /// A list of files has ended.
  ///
  /// - Returns: whether it is the client's own.
  mutating func listAnswered() -> Bool {
    let isOwn = lists.popFirst()?.isOwn ?? false
    if !isOwn { answered() }
    return isOwn
  }

  /// A request about a file is refused: if it was for a list, no list follows.
  ///
  /// - Returns: whether it was the client's own.
  mutating func listRefused(_ id: String) -> Bool {
    lists[0]?.id == id ? listAnswered() : false
  }

  /// The connection is lost, and with it all answers.
  ///
  /// - Returns: how many there were of persons and scripts.
  mutating func removeAll() -> Int {
    defer { self = OpenRequests() }
    return count
  }
}
