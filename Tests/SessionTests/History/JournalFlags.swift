/// How large the server's journal is.
enum JournalFlags {
  /// It is full after some thousand lines.
  static let small = ["--journal", "1M"]
  /// It holds all that a test says.
  static let medium = ["--journal", "16M"]
}
