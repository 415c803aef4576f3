internal import ChatCore
package import ChatSystem

/// The clients that have been in a private room, by nickname and address. Pure.
///
/// Limit: the last 65,536 that joined or left.
package struct PastMembers: Sendable {
  private let limit: Int
  /// When each joined or left last, as a count.
  private var stamps: [Int: UInt64] = [:]
  /// A ring in that order, from `oldest` on; an entry that came again is in it more than once.
  private var order: [(entry: Int, stamp: UInt64)] = []
  private var oldest = 0
  private var nextStamp: UInt64 = 0

  /// Makes an empty memory.
  package init(limit: Int = 65_536) { self.limit = limit }

  /// How many are remembered.
  package var count: Int { stamps.count }

  /// Notes that a client joins a private room, or leaves it.
  ///
  /// - Parameter nickname: the nickname's key.
  package mutating func note(nickname: String, from block: AddressBlock) {
    let entry = Self.entry(nickname, block)
    let item = (entry: entry, stamp: nextStamp)
    if order.count < limit {
      order.append(item)
    } else {
      let gone = order[oldest]
      if stamps[gone.entry] == gone.stamp { stamps[gone.entry] = nil }
      order[oldest] = item
      oldest = (oldest + 1) % limit
    }
    stamps[entry] = nextStamp
    nextStamp += 1
  }

  /// Whether a client has been in a private room.
  package func contain(nickname: String, from block: AddressBlock) -> Bool {
    stamps[Self.entry(nickname, block)] != nil
  }

  /// One number for both. The hash has a new key in each process, so collisions can't be aimed at.
  private static func entry(_ nickname: String, _ block: AddressBlock) -> Int {
    var hasher = Hasher()
    hasher.combine(nickname)
    hasher.combine(block)
    return hasher.finalize()
  }
}
