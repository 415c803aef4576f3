package import ChatCore

/// What the client has to say about transfers.
package enum TransferNotice: Equatable, Sendable {
  /// A file is offered. If it is not fetched, the notice says how to.
  case offered(SharedFile, isFetched: Bool)
  /// A file is offered that is not fetched, and there is no person who could ask for it.
  case passedOver(SharedFile, AcceptBudget.Refusal)
  /// A file is saved, complete and verified.
  case saved(id: String, name: String, path: [UInt8], size: UInt64)
  /// A file of the client's own is offered to the room.
  ///
  /// - Parameter id: `nil` if the server does not say.
  case sent(id: String?, name: String, size: UInt64)
  /// A transfer has failed.
  case failed(name: String, text: String)
  /// How many of those who were offered a file of the client's own have it.
  case delivered(name: String, have: Int, of: Int)
  /// The room's files, each with its time: the answer to `/files`.
  case files([Listed])
  /// Something else.
  case remark(String)

  /// A file of a list.
  package struct Listed: Equatable, Sendable {
    package let offer: SharedFile
    /// When it was sent (RFC 3339).
    package let time: String

    package init(_ offer: SharedFile, time: String) { (self.offer, self.time) = (offer, time) }
  }

  /// In words; `nil` if a person need not know.
  ///
  /// - Parameter localTime: a time for a person, given the time as the protocol has it.
  package func text(localTime: (String) -> String) -> String? {
    switch self {
    case .offered(_, isFetched: true): nil
    case .offered(let offer, isFetched: false):
      "\(offer.sender) offers \(FileName(from: offer.name)) (\(ByteCount.text(offer.sizeBytes))): "
        + "/get \(offer.id)"
    case .passedOver(let offer, let refusal):
      "\(offer.sender) offers \(FileName(from: offer.name)) (\(ByteCount.text(offer.sizeBytes))): "
        + (refusal == .tooLarge
          ? "larger than --auto-accept" : "more than --auto-accept takes in an hour")
    case .saved(_, let name, _, let size): "saved \(name) (\(ByteCount.text(size)))"
    case .sent(_, let name, let size): "sent \(name) (\(ByteCount.text(size)))"
    case .failed(let name, let text): "\(name): \(text)"
    case .delivered(_, let have, let all) where have < all || all == 0: nil
    case .delivered(let name, let have, let all): "\(name): \(have) of \(all) have it"
    case .files(let files):
      // The rows are aligned behind the mark that the first one gets.
      files.isEmpty
        ? "no files here" : FileTable.rows(files, localTime: localTime).joined(separator: "\n  ")
    case .remark(let text): text
    }
  }

  /// Whether it is an error.
  package var isFailure: Bool { if case .failed = self { true } else { false } }
}
