/// The partial uploads: how long each is, and whether somebody uses it.
struct PartialTable: Sendable {
  private struct Partial {
    var sizeBytes: UInt64 = 0
    var modifiedSeconds: Int64 = 0
    /// Somebody is uploading it, or removing it.
    var isInUse = false
  }

  private var partials: [String: Partial] = [:]

  /// Enters one that nobody uses.
  mutating func add(_ name: String, sizeBytes: UInt64, modifiedSeconds: Int64) {
    partials[name] = Partial(sizeBytes: sizeBytes, modifiedSeconds: modifiedSeconds)
  }

  /// Takes one into use, a new one if there is none.
  ///
  /// - Returns: false if it is in use already.
  mutating func use(_ name: String) -> Bool {
    guard partials[name]?.isInUse != true else { return false }
    partials[name, default: Partial()].isInUse = true
    return true
  }

  /// Ends its use.
  ///
  /// - Parameter modifiedSeconds: when it last grew; `nil`: as before.
  mutating func release(_ name: String, modifiedSeconds: Int64? = nil) {
    partials[name]?.isInUse = false
    if let modifiedSeconds { partials[name]?.modifiedSeconds = modifiedSeconds }
  }

  /// How many bytes it has; 0 if there is none. One that is not there has nothing set.
  subscript(sizeBytesOf name: String) -> UInt64 {
    get { partials[name]?.sizeBytes ?? 0 }
    set { partials[name]?.sizeBytes = newValue }
  }

  /// Forgets one, and says how many bytes it had.
  mutating func remove(_ name: String) -> UInt64 {
    partials.removeValue(forKey: name)?.sizeBytes ?? 0
  }

  /// Those that nobody uses, the one first that has not grown for longest.
  func unused() -> [(name: String, sizeBytes: UInt64, modifiedSeconds: Int64)] {
    partials.filter { !$0.value.isInUse }
      .map { ($0.key, $0.value.sizeBytes, $0.value.modifiedSeconds) }
      .sorted { ($0.2, $0.0) < ($1.2, $1.0) }
  }
}
