/// The partial uploads: how long each is, and whether somebody uses it.
struct PartialTable: Sendable {
  private enum State { case unused, inUse, leaving }

  private struct Partial {
    var sizeBytes: UInt64 = 0
    var modifiedSeconds: Int64 = 0
    var state = State.inUse
  }

  /// A partial upload that nobody uses.
  typealias Unused = (name: String, sizeBytes: UInt64, modifiedSeconds: Int64)

  private var partials: [String: Partial] = [:]
  /// The names of those that nobody uses, by owner.
  private var unusedNames: [String: Set<String>] = [:]
  private var unusedCount = 0

  /// How many bytes those have that somebody is uploading.
  private(set) var inUseBytes: UInt64 = 0
  /// How many bytes those have that nobody uses.
  private(set) var unusedBytes: UInt64 = 0
  /// How many bytes those have that are being removed.
  private(set) var leavingBytes: UInt64 = 0

  /// How many bytes all of them have.
  var bytes: UInt64 { inUseBytes + unusedBytes + leavingBytes }

  /// Enters one that nobody uses.
  mutating func add(_ name: String, sizeBytes: UInt64, modifiedSeconds: Int64) {
    set(
      name, to: Partial(sizeBytes: sizeBytes, modifiedSeconds: modifiedSeconds, state: .unused))
  }

  /// Takes one into use, a new one if there is none.
  ///
  /// - Returns: false if it is in use already, or being removed.
  mutating func use(_ name: String) -> Bool {
    var partial = partials[name] ?? Partial(state: .unused)
    guard partial.state == .unused else { return false }
    partial.state = .inUse
    set(name, to: partial)
    return true
  }

  /// Ends its use, or its removal.
  ///
  /// - Parameter modifiedSeconds: when it last grew; `nil`: as before.
  mutating func release(_ name: String, modifiedSeconds: Int64? = nil) {
    guard var partial = partials[name] else { return }
    partial.state = .unused
    if let modifiedSeconds { partial.modifiedSeconds = modifiedSeconds }
    set(name, to: partial)
  }

  /// Marks one as being removed.
  mutating func leave(_ name: String) {
    guard var partial = partials[name] else { return }
    partial.state = .leaving
    set(name, to: partial)
  }

  /// How many bytes it has; 0 if there is none. One that is not there has nothing set.
  subscript(sizeBytesOf name: String) -> UInt64 {
    get { partials[name]?.sizeBytes ?? 0 }
    set {
      guard var partial = partials[name] else { return }
      partial.sizeBytes = newValue
      set(name, to: partial)
    }
  }

  /// Forgets one, and says how many bytes it had.
  mutating func remove(_ name: String) -> UInt64 {
    let sizeBytes = self[sizeBytesOf: name]
    set(name, to: nil)
    return sizeBytes
  }

  /// Those that nobody uses, the one first that has not grown for longest.
  func unused() -> [Unused] {
    unusedNames.values.joined().compactMap(unused).sorted(by: Self.isOlder)
  }

  /// The oldest unused one of an owner that has more than so many, or else of all if they are more
  /// than so many; `nil` if they are not.
  ///
  /// - Parameter name: one of the owner's.
  func surplus(ofOwnerOf name: String, beyond ownerLimit: Int, orAll limit: Int) -> String? {
    if let names = unusedNames[PartialName.owner(of: name)], names.count > ownerLimit {
      return names.compactMap(unused).min(by: Self.isOlder)?.name
    }
    guard unusedCount > limit else { return nil }
    return unusedNames.values.joined().compactMap(unused).min(by: Self.isOlder)?.name
  }

  private func unused(_ name: String) -> Unused? {
    partials[name].map { (name, $0.sizeBytes, $0.modifiedSeconds) }
  }

  private static func isOlder(_ one: Unused, than other: Unused) -> Bool {
    (one.modifiedSeconds, one.name) < (other.modifiedSeconds, other.name)
  }

  private subscript(bytesOf state: State) -> UInt64 {
    get {
      switch state {
      case .inUse: inUseBytes
      case .unused: unusedBytes
      case .leaving: leavingBytes
      }
    }
    set {
      switch state {
      case .inUse: inUseBytes = newValue
      case .unused: unusedBytes = newValue
      case .leaving: leavingBytes = newValue
      }
    }
  }

  /// Everything that changes does so here, so that what is counted stays true.
  private mutating func set(_ name: String, to new: Partial?) {
    let old = partials[name]
    partials[name] = new
    if let old { self[bytesOf: old.state] -= old.sizeBytes }
    if let new { self[bytesOf: new.state] += new.sizeBytes }
    guard (old?.state == .unused) != (new?.state == .unused) else { return }
    let owner = PartialName.owner(of: name)
    if new?.state == .unused {
      unusedNames[owner, default: []].insert(name)
      unusedCount += 1
    } else {
      unusedNames[owner]?.remove(name)
      if unusedNames[owner]?.isEmpty == true { unusedNames[owner] = nil }
      unusedCount -= 1
    }
  }
}
