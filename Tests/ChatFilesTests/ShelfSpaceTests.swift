import ChatCore
import ChatCrypto
import ChatFiles
import ChatSystem
import TestKit
import Testing

@Suite("ShelfIndex: what goes when space is needed")
struct ShelfSpaceTests {
  @Test("the files announced longest ago go first, as many as are needed")
  func oldestFirst() throws {
    var index = try index(["a": 30, "b": 30, "c": 30])
    #expect(index.usePartial("x") == true)
    #expect(index.reserve(10, for: "x") == .reserved)
    #expect(index.reserve(40, for: "x") == .removing([try content("a"), try content("b")]))
    #expect(index.file(id: "a") == nil && index.file(id: "b") == nil)
    #expect(index.files(inRoom: "lobby", limit: 10).map(\.id) == ["c"])
    #expect(index.usedBytes == 100)
    index.finish(try content("a"), isGone: true)
    index.finish(try content("b"), isGone: true)
    #expect(index.usedBytes == 40)
    #expect(index.reserve(40, for: "x") == .reserved)
    #expect(index.usedBytes == 80)
  }

  @Test("what is being fetched does not go, and nothing goes in vain")
  func pinned() throws {
    var index = try index(["a": 30, "b": 30, "c": 30])
    let pinned = index.pin(id: "a")
    let open = try #require(pinned)
    #expect(index.usePartial("x") == true)
    #expect(index.reserve(71, for: "x") == .full)
    #expect(index.files(inRoom: "lobby", limit: 10).count == 3)
    #expect(index.reserve(70, for: "x") == .removing([try content("b"), try content("c")]))
    index.finish(try content("b"), isGone: true)
    index.finish(try content("c"), isGone: true)
    #expect(index.unpin(open.digest) == [])
    #expect(index.reserve(90, for: "x") == .removing([try content("a")]))
  }

  @Test("what could not be removed stays, and is offered again")
  func stubborn() throws {
    var index = try index(["a": 60])
    #expect(index.usePartial("x") == true)
    #expect(index.reserve(50, for: "x") == .removing([try content("a")]))
    #expect(index.reserve(50, for: "x") == .waiting)
    index.finish(try content("a"), isGone: false)
    #expect(index.file(id: "a") != nil && index.usedBytes == 60)
    #expect(index.reserve(50, for: "x") == .removing([try content("a")]))
  }

  @Test("contents that no file has go before unused uploads, and those before files")
  func kinds() throws {
    var index = ShelfIndex(limitBytes: 100)
    for (name, bytes) in [("a", 10), ("b", 5), ("c", 10), ("open", 60)] {
      index.addFound(try file(name, of: name, bytes: 0).digest, sizeBytes: UInt64(bytes))
    }
    index.addFoundPartial("young", sizeBytes: 5, modifiedSeconds: 9)
    index.addFoundPartial("old", sizeBytes: 5, modifiedSeconds: 8)
    #expect(index.announce(try file("open", of: "open", bytes: 60)) == true)
    #expect(index.announce(try file("b", of: "b", bytes: 5)) == true)
    #expect(index.pin(id: "open") != nil)
    #expect(index.usePartial("x") == true)
    #expect(
      index.reserve(40, for: "x")
        == .removing([
          try content("a"), try content("c"), .partial("old"), .partial("young"), try content("b"),
        ]))
    for removal in [try content("a"), .partial("old")] { index.finish(removal, isGone: true) }
    #expect(index.usedBytes == 80)
    #expect(index.usePartial("young") == false)
  }

  @Test("a content announced again is as new as its last file, and goes with all of them")
  func announcedAgain() throws {
    var index = try index(["a": 40, "b": 40])
    #expect(index.announce(try file("a2", of: "a", bytes: 40, in: "other")) == true)
    #expect(index.usePartial("x") == true)
    #expect(index.reserve(30, for: "x") == .removing([try content("b")]))
    index.finish(try content("b"), isGone: true)
    #expect(index.file(id: "a") != nil)
    #expect(index.reserve(70, for: "x") == .removing([try content("a")]))
    index.finish(try content("a"), isGone: true)
    #expect(index.files(inRoom: "lobby", limit: 10) == [])
    #expect(index.files(inRoom: "other", limit: 10) == [])
  }

  @Test("however often contents are announced, they go in the order of the last times")
  func announcedOften() throws {
    try SeededRandom.run { random in
      var index = ShelfIndex(limitBytes: 100)
      var order = Array(0..<20)
      for number in order { try bring("\(number)", bytes: 5, to: &index) }
      #expect(index.usePartial("x") == true)
      for step in 0..<3_000 {
        let number = order.remove(at: Int.random(in: 0..<20, using: &random))
        let again = try file("again \(step)", of: "\(number)", bytes: 5, in: "\(step % 7)")
        #expect(index.announce(again) == true)
        order.append(number)
        // Every content has a file in the lobby: none goes with another room.
        if step % 100 == 99 { #expect(index.removeRoom("\(step % 7)").isEmpty) }
        guard step % 37 == 0 else { continue }
        let expected = try order.map { try content("\($0)") }
        #expect(index.reserve(100, for: "x") == .removing(expected))
        for removal in expected { index.finish(removal, isGone: false) }
      }
    }
  }

  @Test("several uploads have half of the space together, and files go for no more")
  func half() throws {
    var index = try index(["a": 40, "b": 40, "c": 20])
    #expect(index.usePartial("x") == true && index.usePartial("y") == true)
    #expect(index.reserve(30, for: "x") == .removing([try content("a")]))
    index.finish(try content("a"), isGone: true)
    #expect(index.reserve(30, for: "x") == .reserved)
    // One that has no bytes yet is in nobody's way, and gets none beyond the half.
    #expect(index.reserve(21, for: "y") == .full)
    #expect(index.reserve(30, for: "x") == .removing([try content("b")]))
    index.finish(try content("b"), isGone: false)
    #expect(index.reserve(10, for: "y") == .reserved)
    #expect(index.reserve(11, for: "x") == .full)
    #expect(index.reserve(10, for: "x") == .removing([try content("b")]))
    index.finish(try content("b"), isGone: true)
    #expect(index.reserve(10, for: "x") == .reserved)
    #expect(index.reserve(1, for: "x") == .full && index.reserve(1, for: "y") == .full)
    #expect(index.files(inRoom: "lobby", limit: 9).map(\.id) == ["c"])
    // Alone, it may go on.
    index.dropPartial("y")
    #expect(index.reserve(20, for: "x") == .reserved)
    #expect(index.reserve(40, for: "x") == .removing([try content("c")]))
    index.finish(try content("c"), isGone: true)
    #expect(index.reserve(40, for: "x") == .reserved)
    #expect(index.usedBytes == 100)
  }

  @Test("uploads that nobody goes on with make way within the half, as many as have to")
  func halfOfUnused() {
    var index = ShelfIndex(limitBytes: 100)
    for (name, bytes) in [("old", 10), ("young", 10), ("youngest", 10)] {
      index.addFoundPartial(
        name, sizeBytes: UInt64(bytes), modifiedSeconds: Int64(name.utf8.count))
    }
    #expect(index.usePartial("x") == true && index.usePartial("y") == true)
    #expect(index.reserve(20, for: "x") == .reserved)
    #expect(index.reserve(11, for: "x") == .removing([.partial("old"), .partial("young")]))
    #expect(index.reserve(11, for: "x") == .waiting)
    index.finish(.partial("old"), isGone: true)
    index.finish(.partial("young"), isGone: false)
    #expect(index.reserve(11, for: "x") == .removing([.partial("young")]))
    index.finish(.partial("young"), isGone: true)
    #expect(index.reserve(11, for: "x") == .reserved)
    // All of them would not be enough: none goes in vain.
    #expect(index.reserve(1, for: "y") == .reserved)
    #expect(index.reserve(19, for: "x") == .full)
    #expect(index.usedBytes == 42)
    index.dropPartial("y")
    #expect(index.reserve(60, for: "x") == .removing([.partial("youngest")]))
    #expect(index.reserve(60, for: "x") == .waiting)
    index.finish(.partial("youngest"), isGone: true)
    #expect(index.reserve(60, for: "x") == .reserved)
    #expect(index.reserve(9, for: "x") == .reserved)
    #expect(index.reserve(1, for: "x") == .full)
  }

  @Test("an owner leaves no more uploads behind than a few, and nobody else's go for them")
  func manyOfOneOwner() {
    var index = ShelfIndex(limitBytes: 1_000)
    func leave(_ name: String, seconds: Int64) -> [ShelfIndex.Removal] {
      #expect(index.usePartial(name) == true)
      return index.releasePartial(name, modifiedSeconds: seconds)
    }
    #expect(leave("0-alice", seconds: 0) == [])
    for number in 0..<ShelfIndex.unusedPartialOwnerLimit {
      #expect(leave("\(number)-bob", seconds: Int64(9 - number)) == [])
    }
    let oldest = ShelfIndex.Removal.partial("\(ShelfIndex.unusedPartialOwnerLimit - 1)-bob")
    #expect(leave("more-bob", seconds: 5) == [oldest])
    index.finish(oldest, isGone: true)
    // Those that are gone on with do not count.
    #expect(index.usePartial("1-bob") == true)
    #expect(leave("again-bob", seconds: 20) == [])
    // The one just left may be the oldest.
    #expect(index.releasePartial("1-bob", modifiedSeconds: 1) == [.partial("1-bob")])
    #expect(index.usePartial("0-alice") == true)
  }

  private static func address(_ number: Int) -> AddressBlock {
    AddressBlock(of: Address(host: "192.0.2.\(number)", port: 1))
  }

  @Test("an address leaves no more uploads behind than a few, whatever nicknames it uses")
  func manyOfOneAddress() {
    var index = ShelfIndex(limitBytes: 8_000_000)
    func leave(_ name: String, _ address: Int, _ bytes: UInt64 = 1) -> [ShelfIndex.Removal] {
      #expect(index.usePartial(name, from: Self.address(address)) == true)
      #expect(index.reserve(bytes, for: name) == .reserved)
      return index.releasePartial(name, modifiedSeconds: Int64(name.split(separator: "-")[0]) ?? 0)
    }
    #expect(leave("0-other", 2) == [])
    for number in 1...ShelfIndex.unusedPartialSourceLimit {
      #expect(leave("\(number)-nick\(number)", 1) == [])
    }
    #expect(leave("900-more", 1) == [.partial("1-nick1")])
    index.finish(.partial("1-nick1"), isGone: true)
    // Nor more than an eighth of the space, but one of any size.
    #expect(leave("901-large", 3, 900_000) == [])
    #expect(leave("902-large", 3, 2_000_000) == [.partial("901-large")])
    index.finish(.partial("901-large"), isGone: true)
    #expect(leave("903-small", 3) == [.partial("902-large")])
  }

  @Test("the uploads of one address have no more than they leave for others, but for the only one")
  func shareOfOneAddress() {
    var index = ShelfIndex(limitBytes: 1_000)
    for name in ["a", "b"] { #expect(index.usePartial(name, from: Self.address(1)) == true) }
    #expect(index.reserve(200, for: "a") == .reserved)
    #expect(index.reserve(100, for: "b") == .reserved)
    #expect(index.reserve(1, for: "b") == .full)
    #expect(index.reserve(1, for: "a") == .full)
    #expect(index.usePartial("c", from: Self.address(2)) == true)
    #expect(index.reserve(200, for: "c") == .reserved)
    index.dropPartial("b")
    index.dropPartial("c")
    #expect(index.reserve(700, for: "a") == .reserved)
    index.dropPartial("a")
    #expect(index.usedBytes == 0)
    #expect(index.usePartial("a", from: Self.address(1)) == true)
    #expect(index.reserve(1, for: "a") == .reserved)
  }

  @Test("a partial upload takes whole blocks of the disk")
  func blocks() throws {
    var index = ShelfIndex(limitBytes: 100_000, blockBytes: 4_096)
    #expect(index.usePartial("a") == true)
    #expect(index.usedBytes == 0)
    for _ in 0..<4_096 { #expect(index.reserve(1, for: "a") == .reserved) }
    #expect(index.usedBytes == 4_096)
    #expect(index.reserve(1, for: "a") == .reserved)
    #expect(index.usedBytes == 8_192)
    #expect(index.releasePartial("a", modifiedSeconds: 0) == [])
    index.addFoundPartial("b", sizeBytes: 1, modifiedSeconds: 0)
    #expect(index.usedBytes == 12_288)
    #expect(index.usePartial("a") == true)
    let digest = try Array("x".utf8).sha256()
    #expect(index.beginArrival(digest, sizeBytes: 4_097) == .isExpected)
    index.endArrival(digest, of: "a")
    #expect(index.usedBytes == 4_096 + 4_097)
    #expect(index.usePartial("b") == true)
    index.dropPartial("b")
    #expect(index.usedBytes == 4_097)
  }

  @Test("uploads left behind are not more than a limit, however small")
  func manyPartials() {
    var index = ShelfIndex(limitBytes: 1_000)
    for number in 0..<ShelfIndex.unusedPartialLimit {
      #expect(index.usePartial("\(number)") == true)
      #expect(index.releasePartial("\(number)", modifiedSeconds: Int64(number)) == [])
    }
    #expect(index.usePartial("last") == true)
    #expect(index.releasePartial("last", modifiedSeconds: 0) == [.partial("0")])
    index.finish(.partial("0"), isGone: true)
    #expect(index.removeStalePartials(before: 2) == [.partial("last"), .partial("1")])
  }

  @Test("a budget that was lowered is kept at once, as far as that is possible")
  func trim() throws {
    var index = ShelfIndex(limitBytes: 100)
    for name in ["a", "b", "c", "d"] {
      index.addFound(try file(name, of: name, bytes: 0).digest, sizeBytes: 40)
    }
    index.addFoundPartial("x", sizeBytes: 10, modifiedSeconds: 0)
    for name in ["a", "b", "c"] {
      #expect(index.announce(try file(name, of: name, bytes: 40)) == true)
    }
    #expect(index.pin(id: "a") != nil)
    let removals = index.trim()
    #expect(removals == [try content("d"), .partial("x"), try content("b")])
    #expect(index.trim() == [])
    for removal in removals { index.finish(removal, isGone: true) }
    #expect(index.usedBytes == 80 && index.trim() == [])
    index.addFound(try file("e", of: "e", bytes: 0).digest, sizeBytes: 200)
    #expect(index.pin(id: "c") != nil)
    #expect(index.trim() == [try content("e")])
  }

  @Test("contents that nobody has announced or pinned can all be told to go")
  func unannounced() throws {
    var index = try index(["a": 10, "b": 10])
    for name in ["c", "d"] {
      index.addFound(try file(name, of: name, bytes: 0).digest, sizeBytes: 10)
    }
    // Uploaded, and not announced yet.
    #expect(
      index.beginArrival(try file("d", of: "d", bytes: 10).digest, sizeBytes: 10) == .isStored)
    #expect(
      index.beginArrival(try file("e", of: "e", bytes: 10).digest, sizeBytes: 10) == .isExpected)
    #expect(index.removeUnannounced() == [try content("c")])
    #expect(index.removeUnannounced() == [])
    index.finish(try content("c"), isGone: false)
    #expect(index.removeUnannounced() == [try content("c")])
    index.finish(try content("c"), isGone: true)
    #expect(index.usedBytes == 30)
    #expect(index.files(inRoom: "lobby", limit: 9).map(\.id) == ["b", "a"])
  }
}
