internal import ChatCrypto
internal import ChatSystem

/// The files that come in and go out now: who has how many of them, and who takes too long.
///
/// Thread: any. Its lock takes no other.
final class Transfers: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How many uploads may be open: each has a descriptor, of which there are not as many as clients.
  static let uploadLimit = 512
  /// How many downloads may run: their contents' descriptors are shared.
  static let downloadLimit = 4_096

  fileprivate enum Direction { case upload, download }

  private let lock = Lock()
  private var uploads: TransferTable
  private var downloads: TransferTable

  /// Nothing is on its way.
  init(rules: TransferTable.Rules) {
    uploads = TransferTable(limit: Self.uploadLimit, rules: rules)
    downloads = TransferTable(limit: Self.downloadLimit, rules: rules)
  }

  /// Begins an upload; `nil` if too many run, or too many of this address.
  func beginUpload(from address: AddressBlock) -> TransferSlot? {
    lock.withLock { uploads.begin(from: address, now: .now) }
      .map { TransferSlot($0, .upload, self) }
  }

  /// Begins a download; `nil` if too many run, or too many of this address.
  func beginDownload(of content: SHA256Digest, by address: AddressBlock) -> TransferSlot? {
    lock.withLock { downloads.begin(from: address, of: content, now: .now) }
      .map { TransferSlot($0, .download, self) }
  }

  /// Somebody needs what transfers hold: tells those that take longest to make way.
  ///
  /// - Parameter slot: of whoever needs it.
  /// - Returns: whether it is worth waiting for.
  func makeWay(for slot: TransferSlot?) -> Bool {
    let id = slot.flatMap { $0.direction == .upload ? $0.id : nil }
    return lock.withLock {
      let now = MonotonicTime.now
      if uploads.isMakingWay(now: now) || downloads.isMakingWay(now: now) { return true }
      let upload = uploads.slowestHolders(besides: id, now: now)
      let download = downloads.slowestHolders(besides: nil, now: now)
      if let download, download.balance <= upload?.balance ?? 0 {
        for id in download.ids { downloads.revoke(id, now) }
      } else if let upload {
        for id in upload.ids { uploads.revoke(id, now) }
      }
      // One that is not too slow yet may be so soon, or end.
      return uploads.count(besides: id) > 0 || downloads.count(besides: nil) > 0
    }
  }

  fileprivate func note(
    _ id: TransferTable.ID, _ direction: Direction, _ bytes: UInt64?
  ) -> TransferTable.Verdict {
    lock.withLock {
      switch direction {
      case .upload: uploads.note(id, bytes, now: .now)
      case .download: downloads.note(id, bytes, now: .now)
      }
    }
  }

  fileprivate func end(_ id: TransferTable.ID, _ direction: Direction) {
    lock.withLock {
      switch direction {
      case .upload: uploads.end(id)
      case .download: downloads.end(id)
      }
    }
  }
}

/// A transfer's place among all; it is given back when this object ends.
final class TransferSlot: Sendable {
  fileprivate let id: TransferTable.ID
  fileprivate let direction: Transfers.Direction
  private let transfers: Transfers

  fileprivate init(
    _ id: TransferTable.ID, _ direction: Transfers.Direction, _ transfers: Transfers
  ) {
    (self.id, self.direction, self.transfers) = (id, direction, transfers)
  }

  deinit { transfers.end(id, direction) }

  /// Notes how much has passed since the last time; `nil` if there was nothing to pass.
  func note(_ bytes: UInt64?) -> TransferTable.Verdict { transfers.note(id, direction, bytes) }
}

extension TransferTable.Verdict {
  /// Why a transfer is over; `nil` if it goes on.
  var reason: String? {
    switch self {
    case .goesOn: nil
    case .tooSlow: "a file has to go on with 1 kB a second"
    case .revoked: "the file took too long, and others need the space"
    }
  }
}
