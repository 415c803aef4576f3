/// The head of an answer.
package struct HTTPReply: Sendable, Equatable {
  /// The three digits.
  package var status = 0
  /// Its receiver wanted no more of the body.
  package var isCutOff = false
  /// By their names in lower case; of several of one name the last.
  private var fields: [String: String] = [:]

  /// One that has no fields yet.
  package init(status: Int = 0) { self.status = status }

  /// A field's value, without white space around it.
  package subscript(name: String) -> String? {
    get { fields[name] }
    set { fields[name] = newValue }
  }

  /// A field that is a number.
  package func number(_ name: String) -> UInt64? {
    guard let text = fields[name], text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
    return UInt64(text)
  }

  var fieldCount: Int { fields.count }
}
