/// What is known of files by their ids: of the last so many. Pure.
package struct RecentFiles<Value: Sendable>: Sendable {
  private let limit: Int
  private var values: [String: Value] = [:]
  private var order = Fifo<String>()

  /// Knows nothing, and never more than `limit`.
  package init(limit: Int) { self.limit = limit }

  /// What is known of a file; `nil` is not remembered.
  package subscript(id: String) -> Value? {
    get { values[id] }
    set {
      guard let newValue else { return }
      if values.updateValue(newValue, forKey: id) == nil { order.append(id) }
      if order.count > limit, let oldest = order.popFirst() { values[oldest] = nil }
    }
  }
}
