/// A random source that repeats itself from a seed (SplitMix64, by Sebastiano Vigna).
package struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Runs `body` with a fresh seed, which is printed so that a failure can be repeated; the
  /// environment's `SEED` takes its place.
  package static func run(_ body: (inout SeededRandom) throws -> Void) rethrows {
    let seed = Environment["SEED"].flatMap { UInt64($0) } ?? .random(in: 0...(.max))
    print("SEED=\(seed)")
    var random = SeededRandom(seed: seed)
    try body(&random)
  }
}
