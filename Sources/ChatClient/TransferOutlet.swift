internal import ChatCore

/// What the transfers have to say: to the server, and to whoever reads what the client shows.
///
/// Thread: receive.
final class TransferOutlet {
  /// So many files are named of those that are given up.
  private static let mostNamed = 20

  /// Where lines go.
  let outgoing: Outgoing
  private var notices: [TransferNotice] = []

  init(_ outgoing: Outgoing) { self.outgoing = outgoing }

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
  func fail(_ name: String, _ text: String) {
    tell(.failed(name: name, text: text))
    outgoing.noteLoss()
  }

  /// What is to be told, in order; each once.
  func takeNotices() -> [TransferNotice] {
    defer { notices = [] }
    return notices
  }
}
