internal import ChatCore

extension ShelfIndex {
  /// What the caller is to unlink, and then to report to `finish`.
  package enum Removal: Hashable, Sendable {
    /// A content.
    case content(SHA256Digest)
    /// A partial upload of this name.
    case partial(String)
  }

  /// What comes of asking for space.
  package enum Reservation: Equatable {
    /// The bytes are counted.
    case reserved
    /// These have to go first; then ask again.
    case removing([Removal])
    /// Others are removing enough; ask again when they are done.
    case waiting
    /// Nothing can make that much space.
    case full
  }

  /// What comes of bringing a content.
  package enum Arrival: Equatable {
    /// It is there; it has been pinned.
    case isKept
    /// The caller is to put it there, and then to call `endArrival` or `abortArrival`.
    case isExpected
    /// Somebody else is putting it there, or removing it; ask again when they are done.
    case waiting
  }
}
