/// Names that nobody guesses: who knows one may have what it names.
public enum SecretName {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  /// A new one: 22 random letters and digits of ASCII, 131 bits.
  public static func make() -> String {
    // getrandom(2), through the standard library.
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<22).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
