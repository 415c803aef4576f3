/// What characters are mapped to, read from the words of `UnicodeTables`.
///
/// Thread: a value that never changes.
struct CharacterTable: Sendable {
  /// Characters that follow each other, and what they are mapped to: the targets at these places or, for a run of
  /// several, the one there and its successors.
  private struct Run {
    let first: UInt32
    let count: UInt32
    let targets: Range<Int>
  }

  /// In the order of their first characters.
  private let runs: [Run]
  private let targets: [Unicode.Scalar]

  /// Reads words of the form `S=T,T` or `S+N=T`, all hexadecimal, in the order of S.
  init(_ words: StaticString) {
    var runs: [Run] = []
    var targets: [Unicode.Scalar] = []
    for word in words.description.split(separator: " ") {
      let sides = word.split(separator: "=")
      let source = sides[0].split(separator: "+").compactMap { UInt32($0, radix: 16) }
      let start = targets.count
      for target in sides.dropFirst().joined().split(separator: ",") {
        guard let scalar = UInt32(target, radix: 16).flatMap(Unicode.Scalar.init) else { continue }
        targets.append(scalar)
      }
      guard let first = source.first else { continue }
      runs.append(
        Run(first: first, count: source.dropFirst().first ?? 1, targets: start..<targets.count))
    }
    (self.runs, self.targets) = (runs, targets)
  }

  /// Appends what a character is mapped to, or itself.
  func append(_ scalar: Unicode.Scalar, to output: inout String.UnicodeScalarView) {
    guard let run = runs.last(startingUpTo: scalar.value, by: \.first),
      case let offset = scalar.value - run.first, offset < run.count
    else { return output.append(scalar) }
    for target in targets[run.targets] {
      // Only a run of one has more than one target, and its offset is 0.
      output.append(Unicode.Scalar(target.value + offset) ?? target)
    }
  }
}

extension Array {
  /// The last of sorted elements that begins at a number, or before it.
  func last(startingUpTo number: UInt32, by start: (Element) -> UInt32) -> Element? {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if start(self[middle]) <= number { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : self[low - 1]
  }
}
