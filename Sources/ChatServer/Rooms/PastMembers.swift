internal import ChatCore
package import ChatSystem

/// Who has been in a private room, under which nickname, from which address. Pure.
///
/// Limit: the last so many that came or went.
package struct PastMembers: Sendable {
  private let limit: Int
  /// When each came or went last, counted.
  private var stamps: [Int: UInt64] = [:]
  /// In that order, from `oldest` on and around; what came again is in it more than once.
  private var order: [(entry: Int, stamp: UInt64)] = []
  private var oldest = 0
  private var nextStamp: UInt64 = 0

  /// Nobody has been anywhere.
  package init(limit: Int = 65_536) { self.limit = limit }

  /// How many are remembered.
  package var count: Int { stamps.count }

  /// Somebody comes into a private room, or leaves it.
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

  /// Whether somebody has been in a private room.
  package func contain(nickname: String, from block: AddressBlock) -> Bool {
    stamps[Self.entry(nickname, block)] != nil
  }

  /// One number for both: the hash is keyed anew in each process, so nobody can aim at one.
  private static func entry(_ nickname: String, _ block: AddressBlock) -> Int {
    var hasher = Hasher()
    hasher.combine(nickname)
    hasher.combine(block)
    return hasher.finalize()
  }
}
