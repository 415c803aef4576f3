internal import ChatClientModel
internal import ChatCore

/// What the transfers have to say: to the server, and to the reader of what the client displays.
///
/// Thread: confined to the main thread until the client is in, to the receive thread from then on.
final class TransferOutlet {
  /// Limit: of the files that are named when many are given up.
  private static let mostNamed = 20

  /// Where lines for the server go.
  let outgoing: OutgoingQueue
  /// Whether a person is there, who reads what failed and may try again.
  let isTyped: Bool
  private var notices: [TransferNotice] = []
  /// What the client's own files are called, by their ids.
  private var sentNames = RecentFiles<String>(limit: FileLookups.mostRemembered)

  init(_ outgoing: OutgoingQueue, isTyped: Bool) {
    (self.outgoing, self.isTyped) = (outgoing, isTyped)
  }

  // MARK: Notices

  /// Adds a notice to be displayed.
  func report(_ notice: TransferNotice) { notices.append(notice) }

  /// Reports what is given up because a person wants it; of very many, how many.
  func report(dropped texts: [String]) {
    for text in texts.prefix(Self.mostNamed) { report(.remark(text)) }
    let rest = texts.count - Self.mostNamed
    if rest > 0 { report(.remark("and \(rest) more")) }
  }

  /// Reports that a file of the client's own is with the room.
  ///
  /// - Parameter id: the room's name for it; `nil` if it is not known.
  func sent(id: String?, _ name: String, size: UInt64) {
    if let id { sentNames[id] = name }
    report(.sent(id: id, name: name, size: size))
  }

  /// What a file of the client's own is called, that has been reported; `nil` if it is none.
  func sentName(of id: String) -> String? { sentNames[id] }

  /// Reports that a transfer has failed: the client does not exit with success then.
  ///
  /// - Parameter hasBegun: something of it has come or gone. What never began is no failure where a person reads of
  ///   it: a name was mistyped.
  func fail(_ name: String, _ reason: String, hasBegun: Bool = true) {
    report(.failed(name: name, text: reason))
    if hasBegun || !isTyped { outgoing.noteLoss() }
  }

  /// What is to be displayed, in order; each once.
  func takeNotices() -> [TransferNotice] {
    defer { notices = [] }
    return notices
  }
}
