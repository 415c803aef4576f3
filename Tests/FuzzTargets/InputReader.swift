/// Takes numbers and pieces from the beginning of an input; where it has ended, zeros and nothing.
struct InputReader {
  private(set) var rest: ArraySlice<UInt8>

  init(_ input: [UInt8]) { rest = input[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  /// So many bytes at most.
  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// Eight bytes.
  mutating func number() -> UInt64 { bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }

  /// Everything up to a byte, which is gone.
  mutating func bytes(upTo end: UInt8) -> [UInt8] {
    let found = rest.prefix { $0 != end }
    rest = rest.dropFirst(found.count + 1)
    return Array(found)
  }
}

/// Pieces of an input, of lengths that depend on it alone.
struct Pieces {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// xorshift64* (S. Vigna): each length from 1, most of them short.
  mutating func next() -> Int {
    state = state == 0 ? 1 : state
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    let mixed = state &* 0x2545_F491_4F6C_DD1D
    let isLong = mixed >> 60 == 0
    return 1 + Int(mixed >> 32 & (isLong ? 0x3FF : 0xF))
  }

  /// Hands over the input piece by piece.
  mutating func each(of input: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
    var rest = input[...]
    while !rest.isEmpty {
      let piece = rest.prefix(next())
      rest = rest.dropFirst(piece.count)
      body(piece)
    }
  }
}
