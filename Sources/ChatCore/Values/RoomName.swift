/// A room's name that keeps the protocol's rules.
///
/// `lobby`; a public room, `#` and 1 to `Limits.nicknameCharacters` characters of the alphabet that nicknames
/// have; or a private room's code: `Limits.roomCodeLetters` ASCII letters, whose case counts.
public struct RoomName: Sendable, Hashable {
  /// Who can find the room.
  public enum Kind: Sendable {
    /// The one that is always there.
    case lobby
    /// Created when it is entered first, and listed.
    case `public`
    /// Entered with its code.
    case `private`
  }

  /// The room that is always there.
  public static let lobby = RoomName(text: "lobby", kind: .lobby)

  /// The name as everyone writes it; a public room's is lower-case.
  public let text: String

  /// Who can find the room.
  public let kind: Kind

  /// Checks a name, and puts a public one into lower case.
  ///
  /// - Throws: `Refusal` with `roomNotFound`.
  public init(_ raw: some StringProtocol) throws(Refusal) {
    if raw == "lobby" {
      self = .lobby
    } else if raw.utf8.count == Limits.roomCodeLetters, raw.utf8.allSatisfy(Self.isLetter) {
      self.init(text: String(raw), kind: .private)
    } else if raw.utf8.first == UInt8(ascii: "#") {
      do throws(Refusal) {
        self.init(text: "#" + (try Nickname.spelled(raw.dropFirst())).key, kind: .public)
      } catch {
        throw Refusal(
          .roomNotFound,
          "a public room is # and at most \(Limits.nicknameCharacters) letters, digits,"
            + " '-', '_' and '.'")
      }
    } else {
      throw Refusal(
        .roomNotFound,
        "there is no such room; rooms are lobby, #name, or a code of"
          + " \(Limits.roomCodeLetters) letters")
    }
  }

  /// A fresh code for a private room.
  ///
  /// - Parameter generator: where its letters come from; a server's is the system's random source.
  public static func code(
    using generator: inout some RandomNumberGenerator
  ) -> RoomName {
    let letters = (0..<Limits.roomCodeLetters).map { _ in
      let letter = UInt8.random(in: 0..<52, using: &generator)
      return letter < 26 ? UInt8(ascii: "a") + letter : UInt8(ascii: "A") + letter - 26
    }
    return RoomName(text: String(decoding: letters, as: UTF8.self), kind: .private)
  }

  private init(text: String, kind: Kind) {
    self.text = text
    self.kind = kind
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
  }
}
