/// A line without a tag, which every client can show.
enum PlainLine {
  /// Its bytes with the LF.
  static func encoded(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }
}
