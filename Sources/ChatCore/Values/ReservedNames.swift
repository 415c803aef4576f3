/// Nicknames that are reserved, with all that look like them: the programs print them in front of a colon, or in place
/// of a nickname.
public enum ReservedNames {
  /// In lower case.
  public static let words = [
    // The server, and both programs' own messages.
    "server", "chat-server", "chat-client", "notice", "error",
    // The client's answers to a person, and who that person is.
    "here", "rooms", "you",
  ]

  /// What they and they in capitals look like, in lower case: `Y0u` looks like no case of `you`, but near enough.
  private static let looks = Set(
    words.flatMap { word in
      let capitalized = word.prefix(1).uppercased() + word.dropFirst()
      return [word, capitalized, word.uppercased()].map { Lookalikes.skeleton($0).lowercased() }
    })

  /// Whether one of these is, or looks like, a reserved one.
  static func contain(anyOf lookalikes: Set<String>) -> Bool {
    lookalikes.contains { looks.contains($0.lowercased()) }
  }
}
