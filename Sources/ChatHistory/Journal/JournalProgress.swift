/// How far a journal was archived, as the database notes it in the transaction that does so.
package struct JournalProgress: Sendable, Equatable {
  /// Which journal; 0 before the first.
  package let identity: UInt64
  /// What is before this position is in the database.
  package let position: UInt64

  /// Describes a progress.
  package init(identity: UInt64, position: UInt64) {
    (self.identity, self.position) = (identity, position)
  }
}
