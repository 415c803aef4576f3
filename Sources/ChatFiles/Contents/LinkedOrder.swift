/// Keys in the order in which they were put in; any of them can be taken out at once, wherever it
/// stands: a doubly linked list whose links lie in a dictionary.
///
/// Every step takes the same time, however many keys there are.
struct LinkedOrder<Key: Hashable & Sendable>: Sendable {
  private struct Links: Sendable {
    var older: Key?
    var newer: Key?
  }

  private var links: [Key: Links] = [:]
  private var oldest: Key?
  private var newest: Key?

  /// How many keys there are.
  var count: Int { links.count }

  /// Whether a key is there.
  func contains(_ key: Key) -> Bool { links[key] != nil }

  /// Puts a key last, wherever it stood before.
  mutating func append(_ key: Key) {
    remove(key)
    links[key] = Links(older: newest, newer: nil)
    if let newest { links[newest]?.newer = key } else { oldest = key }
    newest = key
  }

  /// Takes a key out, if it is there.
  mutating func remove(_ key: Key) {
    guard let gone = links.removeValue(forKey: key) else { return }
    if let older = gone.older { links[older]?.newer = gone.newer } else { oldest = gone.newer }
    if let newer = gone.newer { links[newer]?.older = gone.older } else { newest = gone.older }
  }

  /// All keys, the one put in longest ago first.
  var oldestFirst: some Sequence<Key> {
    sequence(state: oldest) { next in
      guard let key = next else { return nil }
      next = links[key]?.newer
      return key
    }
  }

  /// All keys, the one put in last first.
  var newestFirst: some Sequence<Key> {
    sequence(state: newest) { next in
      guard let key = next else { return nil }
      next = links[key]?.older
      return key
    }
  }
}
