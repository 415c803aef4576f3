internal import ChatClientModel
internal import ChatCore

/// What the transfers have to say: to the server, and to whoever reads what the client shows.
///
/// Thread: receive.
final class TransferOutlet {
  /// So many files are named of those that are given up.
  private static let mostNamed = 20

  /// Where lines go.
  let outgoing: OutgoingQueue
  /// Whether a person is there, who reads what failed and may try again.
  var isTyped = false
  private var notices: [TransferNotice] = []
  /// How many `[CANCEL]`s of an id, or token, are not answered. Until they are, what comes under it is of what was
  /// ended, though it may have begun anew.
  private var openCancels: [String: Int] = [:]

  init(_ outgoing: OutgoingQueue) { self.outgoing = outgoing }

  /// Asks the server to end a transfer.
  func cancel(_ id: String) {
    openCancels[id, default: 0] += 1
    outgoing.request(TaggedLine("CANCEL", id))
  }

  /// Whether what comes under this id is of a transfer that we ended.
  func awaitsCancel(_ id: String) -> Bool { openCancels[id] != nil }

  /// Notes an answer.
  ///
  /// - Returns: whether it is the one to a `[CANCEL]` of ours.
  func cancelAnswered(_ id: String) -> Bool {
    guard let count = openCancels[id] else { return false }
    openCancels[id] = count > 1 ? count - 1 : nil
    return true
  }

  /// The connection is lost, and with it all answers.
  func forgetCancels() { openCancels = [:] }

  /// Tells a person, or a program.
  func tell(_ notice: TransferNotice) { notices.append(notice) }

  /// Tells what is given up because a person wants it; of very many, how many.
  ///
  /// - Parameter participle: what is not done with them.
  func tell(dropped names: [String], _ participle: String) {
    for name in names.prefix(Self.mostNamed) { tell(.remark("\(name) is not \(participle)")) }
    let rest = names.count - Self.mostNamed
    if rest > 0 { tell(.remark("and \(rest) more")) }
  }

  /// Tells that a transfer has failed: the client's end is no success then.
  ///
  /// - Parameter hasBegun: something of it has come or gone. What never began is no failure where a person is told
  ///   of it: a name was mistyped.
  func fail(_ name: String, _ text: String, hasBegun: Bool = true) {
    tell(.failed(name: name, text: text))
    if hasBegun || !isTyped { outgoing.noteLoss() }
  }

  /// What is to be told, in order; each once.
  func takeNotices() -> [TransferNotice] {
    defer { notices = [] }
    return notices
  }
}
