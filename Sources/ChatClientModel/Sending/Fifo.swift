/// A queue with both ends in constant time, which keeps no element in memory that has left it. Pure.
package struct Fifo<Element: Sendable>: Sendable {
  private var storage: [Element?] = []
  private var start = 0

  /// Makes an empty one.
  package init() {}

  /// How many there are.
  package var count: Int { storage.count - start }

  /// Whether there are none.
  package var isEmpty: Bool { count == 0 }

  /// The element so many places after the first; `nil` if there is none.
  package subscript(offset: Int) -> Element? {
    start + offset < storage.count ? storage[start + offset] : nil
  }

  /// Adds one at the end.
  package mutating func append(_ element: Element) { storage.append(element) }

  /// Takes the first out; `nil` if there is none.
  package mutating func popFirst() -> Element? {
    guard start < storage.count else { return nil }
    defer {
      storage[start] = nil
      start += 1
      if start == storage.count {
        removeAll()
      } else if start >= 1_024, start * 2 >= storage.count {
        storage.removeFirst(start)
        start = 0
      }
    }
    return storage[start]
  }

  /// Takes all out.
  package mutating func removeAll() {
    storage.removeAll(keepingCapacity: storage.count < 1_024)
    start = 0
  }

  /// Takes out those that are meant.
  ///
  /// - Returns: them, in order.
  package mutating func removeAll(where isMeant: (Element) -> Bool) -> [Element] {
    let all = elements
    removeAll()
    for element in all where !isMeant(element) { append(element) }
    return all.filter(isMeant)
  }

  /// All of them, in order.
  package var elements: [Element] { storage[start...].compactMap { $0 } }
}
