internal import ChatCore
internal import ChatSystem

/// The uploads and downloads that run now: who has how many of them, and which take too long.
///
/// Thread: any. Its lock takes no other.
final class TransferSlots: Sendable {
  /// How many uploads may be open: each has a descriptor, of which there are not as many as clients.
  static let uploadLimit = 512
  /// How many downloads may run: their contents' descriptors are shared.
  static let downloadLimit = 4_096

  fileprivate enum Direction { case upload, download }

  fileprivate struct Tables {
    var uploads: TransferTable
    var downloads: TransferTable

    subscript(direction: Direction) -> TransferTable {
      get { direction == .upload ? uploads : downloads }
      _modify {
        switch direction {
        case .upload: yield &uploads
        case .download: yield &downloads
        }
      }
    }
  }

  fileprivate let tables: Guarded<Tables>

  /// No transfer runs.
  init(rules: TransferTable.Rules) {
    tables = Guarded(
      Tables(
        uploads: TransferTable(limit: Self.uploadLimit, rules: rules),
        downloads: TransferTable(limit: Self.downloadLimit, rules: rules)))
  }

  /// How many run.
  var running: (uploads: Int, downloads: Int) {
    tables.withLock { ($0.uploads.count(besides: nil), $0.downloads.count(besides: nil)) }
  }

  /// Begins an upload; `nil` if too many run, or too many of this address.
  func beginUpload(from address: AddressBlock) -> TransferSlot? {
    tables.withLock { $0.uploads.begin(from: address, now: .now) }
      .map { TransferSlot($0, .upload, self) }
  }

  /// Begins a download; `nil` if too many run, or too many of this address.
  func beginDownload(of content: SHA256Digest, by address: AddressBlock) -> TransferSlot? {
    tables.withLock { $0.downloads.begin(from: address, of: content, now: .now) }
      .map { TransferSlot($0, .download, self) }
  }

  /// Has the slowest transfers make way, since what they hold is needed.
  ///
  /// - Parameter slot: the one for which it is needed.
  /// - Returns: whether it is worth waiting for.
  func makeWay(for slot: TransferSlot?) -> Bool {
    let id = slot.flatMap { $0.direction == .upload ? $0.id : nil }
    return tables.withLock {
      let now = MonotonicTime.now
      if $0.uploads.isMakingWay(now: now) || $0.downloads.isMakingWay(now: now) { return true }
      let upload = $0.uploads.slowestHolders(besides: id, now: now)
      let download = $0.downloads.slowestHolders(besides: nil, now: now)
      if let download, download.balance <= upload?.balance ?? 0 {
        for id in download.ids { $0.downloads.revoke(id, now) }
      } else if let upload {
        for id in upload.ids { $0.uploads.revoke(id, now) }
      }
      // One that is not too slow yet may be so soon, or end.
      return $0.uploads.count(besides: id) > 0 || $0.downloads.count(besides: nil) > 0
    }
  }
}

/// A transfer's place among all. It is given back when this object ends.
final class TransferSlot: Sendable {
  fileprivate let id: TransferTable.ID
  fileprivate let direction: TransferSlots.Direction
  private let slots: TransferSlots

  fileprivate init(
    _ id: TransferTable.ID, _ direction: TransferSlots.Direction, _ slots: TransferSlots
  ) {
    (self.id, self.direction, self.slots) = (id, direction, slots)
  }

  deinit { slots.tables.withLock { $0[direction].end(id) } }

  /// Notes how much has passed since the last time; `nil` if there was nothing to pass.
  func note(_ bytes: UInt64?) -> TransferTable.Verdict {
    slots.tables.withLock { $0[direction].note(id, bytes, now: .now) }
  }
}

extension TransferTable.Verdict {
  /// Why a transfer is over; `nil` if it goes on.
  var reason: String? {
    switch self {
    case .goesOn: nil
    case .tooSlow: "a transfer has to make progress, at least 1 kB a second"
    case .revoked: "the transfer took too long, and others need the space"
    }
  }
}
