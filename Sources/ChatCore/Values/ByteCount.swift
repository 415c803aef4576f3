/// A number of bytes, for a person.
public enum ByteCount {
  /// `0 B`, `999 B`, `1.5 kB`, `48 kB`, `2.0 MB`, `107 MB`: powers of a thousand, two or three digits.
  public static func text(_ bytes: UInt64) -> String {
    guard bytes >= 1_000 else { return "\(bytes) B" }
    var unit: UInt64 = 1_000
    var names = ["kB", "MB", "GB", "TB", "PB", "EB"][...]
    // What would be rounded up to a thousand of a unit is one of the next.
    while names.count > 1, bytes / unit >= 1_000 || (bytes + unit / 2) / unit >= 1_000 {
      unit *= 1_000
      names.removeFirst()
    }
    let name = names.first ?? ""
    let tenths = (bytes / (unit / 10) + (bytes % (unit / 10) * 10 >= unit / 2 ? 1 : 0))
    if tenths < 100 { return "\(tenths / 10).\(tenths % 10) \(name)" }
    return "\(bytes / unit + (bytes % unit >= unit / 2 ? 1 : 0)) \(name)"
  }
}
