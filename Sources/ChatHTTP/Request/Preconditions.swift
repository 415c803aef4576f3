/// What a request demands of the resource's state before it is served (RFC 9110, section 13). Pure.
package struct Preconditions: Sendable {
  /// What is to be done.
  package enum Verdict: Sendable, Equatable {
    /// The request is served.
    case proceed
    /// The client has this state already: 304.
    case notModified
    /// The state is not the one that was demanded: 412.
    case failed
  }

  /// The state of the resource; `nil` if it does not exist.
  private let tag: EntityTag?
  private let lastModified: HTTPDate?

  /// Describes the state of a resource, as far as it has a tag or a date.
  package init(tag: EntityTag?, lastModified: HTTPDate? = nil) {
    (self.tag, self.lastModified) = (tag, lastModified)
  }

  /// Decides in the order of RFC 9110, section 13.2.2.
  package func verdict(for head: RequestHead, now: HTTPDate) -> Verdict {
    let fields = head.fields
    let isRead = head.method == "GET" || head.method == "HEAD"
    if let matches = matches("if-match", fields, strongly: true) {
      if !matches { return .failed }
    } else if let date = date("if-unmodified-since", fields, now), let lastModified {
      if lastModified > date { return .failed }
    }
    if let matches = matches("if-none-match", fields, strongly: false) {
      if matches { return isRead ? .notModified : .failed }
    } else if isRead, let date = date("if-modified-since", fields, now), let lastModified {
      if lastModified <= date { return .notModified }
    }
    return .proceed
  }

  /// Whether the field names the present state; `nil` if it is missing. What is no list of tags names none.
  private func matches(_ name: String, _ fields: HeaderFields, strongly: Bool) -> Bool? {
    let values = fields.values(name)
    guard !values.isEmpty else { return nil }
    if values == ["*"] { return tag != nil || lastModified != nil }
    guard let tag, let list = EntityTag.list(values.joined(separator: ",")) else { return false }
    return list.contains { strongly ? $0.isSameStrongly(as: tag) : $0.isSameWeakly(as: tag) }
  }

  private func date(_ name: String, _ fields: HeaderFields, _ now: HTTPDate) -> HTTPDate? {
    fields[name].flatMap { HTTPDate($0, now: now) }
  }

  /// Whether a range that is asked for is of the present state (RFC 9110, section 13.1.5).
  package func allowsRange(of head: RequestHead, now: HTTPDate) -> Bool {
    let values = head.fields.values("if-range")
    guard let value = values.first else { return true }
    guard values.count == 1 else { return false }
    if let list = EntityTag.list(value) {
      guard let tag, list.count == 1 else { return false }
      return list[0].isSameStrongly(as: tag)
    }
    guard let date = HTTPDate(value, now: now), let lastModified else { return false }
    // A date is a strong one only if nothing can have changed within the same second.
    return date == lastModified && now.seconds - lastModified.seconds >= 60
  }
}
