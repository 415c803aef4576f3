package import ChatCore
package import ChatSystem

/// What is told of the files that come and go.
package enum TransferNotice: Equatable, Sendable {
  /// Somebody offers a file; whoever does not get it at once is told how to.
  case offered(FileOffer, isFetched: Bool)
  /// Somebody offers a file that is not fetched, and nobody is there who could ask for it.
  case passedOver(FileOffer, AcceptBudget.Refusal)
  /// A file is here, whole and right.
  case saved(id: String, name: String, path: FilePath, size: UInt64)
  /// A file of ours is on the server, and the room has been told.
  case sent(id: String, name: String, size: UInt64)
  /// A transfer has ended, and nothing of it is where it should be.
  case failed(name: String, text: String)
  /// Everyone who was offered a file of ours has it, or so many.
  case delivered(name: String, have: Int, of: Int)
  /// The room's files, each with its time: the answer to `/files`.
  case files([Listed])
  /// Something else.
  case remark(String)

  /// A file of a list.
  package struct Listed: Equatable, Sendable {
    package let offer: FileOffer
    /// When it was sent (RFC 3339).
    package let time: String

    package init(_ offer: FileOffer, time: String) { (self.offer, self.time) = (offer, time) }
  }

  /// What went wrong, or right, in words; `nil` where a person need not be told.
  ///
  /// - Parameter localTime: shows a person when a file was sent.
  package func text(localTime: (String) -> String) -> String? {
    switch self {
    case .offered(_, isFetched: true): nil
    case .offered(let offer, isFetched: false):
      "\(offer.sender) offers \(FileName(from: offer.name)) (\(ByteCount.text(offer.size))): "
        + "/get \(offer.id)"
    case .passedOver(let offer, let refusal):
      "\(offer.sender) offers \(FileName(from: offer.name)) (\(ByteCount.text(offer.size))): "
        + (refusal == .tooLarge
          ? "larger than --auto-accept" : "more than --auto-accept takes in an hour")
    case .saved(_, let name, _, let size): "saved \(name) (\(ByteCount.text(size)))"
    case .sent(_, let name, let size): "sent \(name) (\(ByteCount.text(size)))"
    case .failed(let name, let text): "\(name): \(text)"
    case .delivered(_, let have, let all) where have < all || all == 0: nil
    case .delivered(let name, let have, let all): "\(name): \(have) of \(all) have it"
    case .files(let files):
      files.isEmpty ? "no files here" : Self.table(files, localTime).joined(separator: "\n")
    case .remark(let text): text
    }
  }

  /// The columns: id, size, name, sender, time.
  private static func table(_ files: [Listed], _ localTime: (String) -> String) -> [String] {
    let rows = files.map {
      [
        $0.offer.id, ByteCount.text($0.offer.size), FileName(from: $0.offer.name).text,
        $0.offer.sender,
      ]
    }
    let widths = (0..<4).map { column in min(40, rows.map { $0[column].count }.max() ?? 0) }
    return zip(rows, files).map { row, file in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: max(0, width - cell.count))
      }
      return (cells + [localTime(file.time)]).joined(separator: "  ")
    }
  }

  /// Whether it is an error.
  package var isFailure: Bool { if case .failed = self { true } else { false } }
}
