/// The sizes the protocol fixes, so that both sides mean the same ones.
public enum Limits {
  /// The longest line a client may send, in bytes with its LF, before and after cleaning.
  public static let clientLineBytes = 8_192

  /// The longest line a server sends, in bytes with its LF: a client's text, and what the
  /// server puts around it (two nicknames, a tag, attributes).
  public static let serverLineBytes = 9_216

  /// The longest nickname, in characters (extended grapheme clusters).
  public static let nicknameCharacters = 32

  /// The longest nickname, in bytes of UTF-8.
  public static let nicknameBytes = 64

  /// How many refused lines end a handshake.
  public static let handshakeRefusals = 5

  /// How many letters a private room's code has.
  public static let roomCodeLetters = 6

  /// How many lines one `[HISTORY]` brings at most.
  public static let historyLines = 1_000

  /// How many lines one `[SEARCH]` brings at most.
  public static let searchLines = 500

  /// How many it brings where it does not say.
  public static let searchLinesByDefault = 50

  /// How many wrong codes of private rooms end a connection.
  public static let wrongRoomCodes = 5

  /// The longest name of a file, in bytes of UTF-8.
  public static let fileNameBytes = 255

  /// How many files a client fetches and sends at once.
  public static let transfersAtOnce = 4

  /// How many bytes of a file each sum of `/files/ID/sums` is of.
  public static let sumBlockBytes = 1_048_576

  /// How many files one `[FILES]` answer lists.
  public static let listedFiles = 100
}
