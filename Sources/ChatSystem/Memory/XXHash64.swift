/// XXH64, a fast hash that shows whether bytes are what they were, though not against an attacker
/// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, 0.2.0).
///
/// Thread: any.
package enum XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  /// The hash of some bytes.
  package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    guard let start = bytes.baseAddress else { return mixed(seed &+ prime5) }
    // Safety: each step takes no more than `left` says, which counts from `count` down.
    var (next, left) = (start, bytes.count)
    var hash: UInt64
    if left >= 32 {
      hash = stripes(&next, &left, seed: seed)
    } else {
      hash = seed &+ prime5
    }
    hash &+= UInt64(bytes.count)
    while left >= 8 {
      hash = rotated(hash ^ round(0, word(next)), 27) &* prime1 &+ prime4
      next += 8
      left &-= 8
    }
    if left >= 4 {
      let half = UInt64(UInt32(littleEndian: next.loadUnaligned(as: UInt32.self)))
      hash = rotated(hash ^ (half &* prime1), 23) &* prime2 &+ prime3
      next += 4
      left &-= 4
    }
    while left > 0 {
      let byte = UInt64(next.load(as: UInt8.self))
      hash = rotated(hash ^ (byte &* prime5), 11) &* prime1
      next += 1
      left &-= 1
    }
    return mixed(hash)
  }

  /// Takes all whole stripes of 32 bytes, of which there is at least one.
  @inline(__always)
  private static func stripes(
    _ next: inout UnsafeRawPointer, _ left: inout Int, seed: UInt64
  ) -> UInt64 {
    var lane1 = seed &+ prime1 &+ prime2
    var lane2 = seed &+ prime2
    var lane3 = seed
    var lane4 = seed &- prime1
    repeat {
      lane1 = round(lane1, word(next))
      lane2 = round(lane2, word(next + 8))
      lane3 = round(lane3, word(next + 16))
      lane4 = round(lane4, word(next + 24))
      next += 32
      left &-= 32
    } while left >= 32
    var hash = rotated(lane1, 1) &+ rotated(lane2, 7)
    hash &+= rotated(lane3, 12) &+ rotated(lane4, 18)
    hash = merged(hash, lane1)
    hash = merged(hash, lane2)
    hash = merged(hash, lane3)
    return merged(hash, lane4)
  }

  @inline(__always)
  private static func word(_ pointer: UnsafeRawPointer) -> UInt64 {
    UInt64(littleEndian: pointer.loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  private static func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    value &<< bits | value &>> (64 &- bits)
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func merged(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
    (hash ^ round(0, lane)) &* prime1 &+ prime4
  }

  /// The last step, which lets every bit of the input change every bit of the hash.
  @inline(__always)
  private static func mixed(_ value: UInt64) -> UInt64 {
    var hash = value
    hash = (hash ^ hash &>> 33) &* prime2
    hash = (hash ^ hash &>> 29) &* prime3
    return hash ^ hash &>> 32
  }
}
