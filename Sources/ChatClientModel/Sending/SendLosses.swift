extension SendQueue {
  /// What was on its way when the connection broke, and is not sent again.
  package struct Dropped: Equatable, Sendable {
    /// The receivers of private messages without a receipt.
    package var messagesTo: [String] = []
    /// How many lines were meant for a room that is gone.
    package var lines = 0
    /// How many lines were sent and may have arrived or not.
    package var unsureLines = 0
    /// How many requests were not answered to their end.
    package var requests = 0

    /// Makes a list of nothing, or of these.
    package init(
      messagesTo: [String] = [], lines: Int = 0, unsureLines: Int = 0, requests: Int = 0
    ) {
      self.messagesTo = messagesTo
      self.lines = lines
      self.unsureLines = unsureLines
      self.requests = requests
    }
  }

  /// What is not known to have arrived, and is lost if the client ends now.
  package struct Unconfirmed: Equatable, Sendable {
    /// Lines of text.
    package var lines = 0
    /// Private messages.
    package var messages = 0
    /// Requests.
    package var requests = 0

    /// Makes a sum of nothing, or of these.
    package init(lines: Int = 0, messages: Int = 0, requests: Int = 0) {
      self.lines = lines
      self.messages = messages
      self.requests = requests
    }

    /// Whether there is nothing.
    package var isEmpty: Bool { self == Unconfirmed() }

    /// A reason to end, and what is lost with it.
    package func text(after reason: String) -> String {
      let parts = [
        Self.count(lines, "line"), Self.count(messages, "private message"),
        Self.count(requests, "request"),
      ]
      let losses = parts.compactMap(\.self).joined(separator: ", ")
      return losses.isEmpty ? reason : "\(reason); not known to have arrived: \(losses)"
    }

    /// `1 line`, `2 lines`; `nil` if there is none.
    private static func count(_ count: Int, _ noun: String) -> String? {
      count == 0 ? nil : "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
  }
}
