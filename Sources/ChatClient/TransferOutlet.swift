internal import ChatCore

/// What the transfers have to say: to the server, and to whoever reads what the client shows.
///
/// Thread: receive.
final class TransferOutlet {
  /// Where lines go.
  let outgoing: Outgoing
  private var notices: [TransferNotice] = []

  init(_ outgoing: Outgoing) { self.outgoing = outgoing }

  /// Tells a person, or a program.
  func tell(_ notice: TransferNotice) { notices.append(notice) }

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
