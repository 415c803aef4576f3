@_spi(_Unicode) import Swift

/// Which texts look alike (UTS #39, "Unicode Security Mechanisms").
enum Lookalikes {
  private static let prototypes = CharacterTable(UnicodeTables.confusables)
  private static let compatible = CharacterTable(UnicodeTables.compatible)

  /// The skeleton of a text (UTS #39, section 4): two texts look alike if theirs are equal.
  ///
  /// It holds no characters that leave no trace on a screen: nicknames have none.
  static func skeleton(_ text: String) -> String {
    var mapped = String.UnicodeScalarView()
    var hasSoftDot = false
    for original in text._nfd {
      // UTS #39 takes a dotless `ı` for an `i`, but leaves out `ȷ`.
      let scalar: Unicode.Scalar = original == "\u{237}" ? "j" : original
      // A dot above takes the place of the letter's own: `i` with one is the same picture, and so is a dotless `ı`.
      if hasSoftDot, scalar == "\u{307}" { continue }
      switch scalar.properties.canonicalCombiningClass {
      case .notReordered:
        hasSoftDot = scalar.properties.isSoftDotted || scalar == "\u{131}"
      case .above: hasSoftDot = false
      default: break
      }
      prototypes.append(scalar, to: &mapped)
    }
    return String(String.UnicodeScalarView(String(mapped)._nfd))
  }

  /// A text without styles: fullwidth, mathematical and other letters become those they stand for.
  static func plain(_ text: String) -> String {
    var plain = String.UnicodeScalarView()
    for scalar in text._nfd { compatible.append(scalar, to: &plain) }
    return String(plain)
  }
}
