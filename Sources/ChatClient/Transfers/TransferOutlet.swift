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
  /// How many `[CANCEL]`s of an id, or token, are not answered. Until they are, what comes under it belongs to the
  /// transfer that was ended, though another may have begun.
  private var openCancels: [String: Int] = [:]

  init(_ outgoing: OutgoingQueue, isTyped: Bool) {
    (self.outgoing, self.isTyped) = (outgoing, isTyped)
  }

  // MARK: Ending transfers

  /// Asks the server to end a transfer.
  func cancel(_ id: String) {
    openCancels[id, default: 0] += 1
    outgoing.request(TaggedLine("CANCEL", id))
  }

  /// Whether what comes under this id belongs to a transfer that the client has ended.
  func awaitsCancel(_ id: String) -> Bool { openCancels[id] != nil }

  /// Notes an answer.
  ///
  /// - Returns: whether it answers a `[CANCEL]` of the client.
  func cancelAnswered(_ id: String) -> Bool {
    guard let count = openCancels[id] else { return false }
    openCancels[id] = count > 1 ? count - 1 : nil
    return true
  }

  /// The connection is lost, and with it all answers.
  func forgetCancels() { openCancels = [:] }

  // MARK: Notices

  /// Adds a notice to be displayed.
  func report(_ notice: TransferNotice) { notices.append(notice) }

  /// Reports what is given up because a person wants it; of very many, how many.
  ///
  /// - Parameter participle: what is not done with them.
  func report(dropped names: [String], _ participle: String) {
    for name in names.prefix(Self.mostNamed) { report(.remark("\(name) is not \(participle)")) }
    let rest = names.count - Self.mostNamed
    if rest > 0 { report(.remark("and \(rest) more")) }
  }

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
