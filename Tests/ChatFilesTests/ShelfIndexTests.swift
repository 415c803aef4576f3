import ChatCrypto
import ChatFiles
import TestKit
import Testing

@Suite("ShelfIndex: what goes when space is needed")
struct ShelfIndexTests {
  /// A digest that stands for a content, and a file that has it.
  private func file(_ id: String, of content: String, bytes: UInt64, in room: String = "lobby")
    throws -> KeptFile
  {
    KeptFile(
      id: id, name: "\(id).txt", room: room, sender: "alice", sizeBytes: bytes,
      digest: try Array(content.utf8).sha256(), timeMilliseconds: 0)
  }

  /// An index of 100 bytes with contents, each of one file of its name, announced in this order.
  private func index(_ contents: KeyValuePairs<String, UInt64>) throws -> ShelfIndex {
    var index = ShelfIndex(limitBytes: 100)
    for (name, bytes) in contents { try bring(name, bytes: bytes, to: &index) }
    return index
  }

  /// Uploads and announces a content.
  private func bring(_ name: String, bytes: UInt64, to index: inout ShelfIndex) throws {
    let file = try file(name, of: name, bytes: bytes)
    #expect(index.usePartial(name) == true)
    #expect(index.reserve(bytes, for: name) == .reserved)
    #expect(index.beginArrival(file.digest, sizeBytes: bytes) == .isExpected)
    index.endArrival(file.digest, of: name)
    #expect(index.announce(file) == true)
    #expect(index.unpin(file.digest) == [])
  }

  private func content(_ name: String) throws -> ShelfIndex.Removal {
    .content(try Array(name.utf8).sha256())
  }

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
    index.addFound(try file("a", of: "a", bytes: 0).digest, sizeBytes: 10)
    index.addFound(try file("b", of: "b", bytes: 0).digest, sizeBytes: 10)
    index.addFound(try file("c", of: "c", bytes: 0).digest, sizeBytes: 10)
    index.addFoundPartial("young", sizeBytes: 10, modifiedSeconds: 9)
    index.addFoundPartial("old", sizeBytes: 10, modifiedSeconds: 8)
    #expect(index.announce(try file("b", of: "b", bytes: 10)) == true)
    #expect(index.usePartial("x") == true)
    #expect(
      index.reserve(99, for: "x")
        == .removing([
          try content("a"), try content("c"), .partial("old"), .partial("young"), try content("b"),
        ]))
    for removal in [try content("a"), .partial("old")] { index.finish(removal, isGone: true) }
    #expect(index.usedBytes == 30)
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

  @Test("a room's contents go with it, unless another has them or somebody fetches them")
  func rooms() throws {
    var index = try index(["a": 10, "b": 10, "c": 10])
    #expect(index.announce(try file("a2", of: "a", bytes: 10, in: "other")) == true)
    let pinned = index.pin(id: "b")
    let open = try #require(pinned)
    #expect(Set(index.removeRoom("lobby")) == [try content("c")])
    #expect(index.file(id: "a2") != nil && index.file(id: "a") == nil && index.file(id: "b") == nil)
    #expect(index.unpin(open.digest) == [try content("b")])
    #expect(index.removeRoom("other") == [try content("a")])
  }

  @Test("a content arrives once; who comes meanwhile waits, and pins it then")
  func arrivals() throws {
    var index = ShelfIndex(limitBytes: 100)
    let file = try file("a", of: "a", bytes: 10)
    for name in ["x", "y"] {
      #expect(index.usePartial(name) == true)
      #expect(index.reserve(10, for: name) == .reserved)
    }
    #expect(index.beginArrival(file.digest, sizeBytes: 10) == .isExpected)
    #expect(index.beginArrival(file.digest, sizeBytes: 10) == .waiting)
    #expect(index.announce(file) == false)
    index.endArrival(file.digest, of: "x")
    #expect(index.beginArrival(file.digest, sizeBytes: 10) == .isKept)
    index.dropPartial("y")
    #expect(index.usedBytes == 10)
    #expect(index.unpin(file.digest) == [])
    // Nobody announced it.
    #expect(index.unpin(file.digest) == [try content("a")])
    #expect(index.beginArrival(file.digest, sizeBytes: 10) == .waiting)
    index.finish(try content("a"), isGone: true)
    #expect(index.beginArrival(file.digest, sizeBytes: 10) == .isExpected)
    index.abortArrival(file.digest)
    #expect(index.usedBytes == 0)
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

  @Test("whatever happens, the bytes are counted right and never too many")
  func random() throws {
    try SeededRandom.run { random in
      var index = ShelfIndex(limitBytes: 100)
      // What a disk would have, and who has what open.
      var stored: [SHA256Digest: UInt64] = [:]
      var open: [SHA256Digest] = []
      for step in 0..<3_000 {
        let number = Int.random(in: 0..<20, using: &random)
        let file = try file("\(step)", of: "\(number)", bytes: UInt64(number), in: "\(number % 3)")
        var removals: [ShelfIndex.Removal] = []
        switch Int.random(in: 0..<10, using: &random) {
        case 0: removals = index.removeRoom("\(number % 3)")
        case 1...3:
          if let known = index.files(inRoom: "\(number % 3)", limit: 3).last,
            index.pin(id: known.id) != nil
          {
            open.append(known.digest)
          }
        case 4...5:
          if let digest = open.popLast() { removals = index.unpin(digest) }
        default:
          #expect(index.usePartial("x") == true)
          let answer = index.reserve(file.sizeBytes, for: "x")
          if answer == .reserved {
            if index.beginArrival(file.digest, sizeBytes: file.sizeBytes) == .isExpected {
              index.endArrival(file.digest, of: "x")
              stored[file.digest] = file.sizeBytes
            } else {
              index.dropPartial("x")
            }
            if Bool.random(using: &random) { #expect(index.announce(file) == true) }
            removals = index.unpin(file.digest)
          } else {
            if case .removing(let some) = answer { removals = some }
            index.dropPartial("x")
          }
        }
        for removal in removals {
          guard case .content(let digest) = removal else { throw Failure("\(removal)") }
          #expect(!open.contains(digest), "in use")
          stored[digest] = nil
          index.finish(removal, isGone: true)
        }
        #expect(index.usedBytes == stored.values.reduce(0, +))
        #expect(index.usedBytes <= 100)
      }
    }
  }

  @Test("a room that has too many files forgets the oldest, with contents that no other file has")
  func roomLimit() throws {
    var index = ShelfIndex(limitBytes: 100)
    try bring("first", bytes: 1, to: &index)
    try bring("again", bytes: 1, to: &index)
    for number in 2..<ShelfIndex.roomLimit {
      #expect(index.announce(try file("\(number)", of: "again", bytes: 1)) == true)
    }
    #expect(index.trimFiles(ofRoom: "lobby") == [])
    #expect(index.announce(try file("one more", of: "again", bytes: 1)) == true)
    #expect(index.trimFiles(ofRoom: "lobby") == [try content("first")])
    #expect(index.file(id: "first") == nil)
    #expect(index.announce(try file("and one", of: "again", bytes: 1)) == true)
    // The oldest is gone, its content is not: others have it.
    #expect(index.trimFiles(ofRoom: "lobby") == [])
    #expect(index.file(id: "again") == nil && index.file(id: "2") != nil)
    #expect(index.files(inRoom: "lobby", limit: .max).count == ShelfIndex.roomLimit)
  }

  @Test("all rooms together forget the oldest file of all", .timeLimit(.minutes(1)))
  func fileLimit() throws {
    var index = ShelfIndex(limitBytes: 100)
    try bring("first", bytes: 1, to: &index)
    try bring("again", bytes: 1, to: &index)
    let content = try file("", of: "again", bytes: 1).digest
    func announce(_ number: Int) -> Bool {
      index.announce(
        KeptFile(
          id: "\(number)", name: "", room: "\(number % 11)", sender: "", sizeBytes: 1,
          digest: content, timeMilliseconds: 0))
    }
    let areIn = (2..<ShelfIndex.fileLimit).filter(announce)
    #expect(areIn.count == ShelfIndex.fileLimit - 2)
    #expect(index.trimFiles(ofRoom: "0") == [])
    #expect(announce(ShelfIndex.fileLimit) == true)
    #expect(index.trimFiles(ofRoom: "0") == [try self.content("first")])
    #expect(announce(ShelfIndex.fileLimit + 1) == true)
    #expect(index.trimFiles(ofRoom: "0") == [])
    #expect(index.files(inRoom: "lobby", limit: 9) == [] && index.file(id: "2") != nil)
    #expect(index.files(inRoom: "3", limit: 2).map(\.id) == ["99993", "99982"])
    // Evicted at once, in a time that grows with their number alone.
    #expect(index.usePartial("x") == true)
    index.finish(try self.content("first"), isGone: true)
    #expect(index.reserve(100, for: "x") == .removing([try self.content("again")]))
    index.finish(try self.content("again"), isGone: true)
    #expect((0..<11).allSatisfy { index.files(inRoom: "\($0)", limit: .max).isEmpty })
    #expect(index.reserve(100, for: "x") == .reserved)
  }

  @Test("a room's files stay in order, whichever of them are evicted")
  func holes() throws {
    try SeededRandom.run { random in
      var index = ShelfIndex(limitBytes: 1_000)
      var expected: [(id: String, content: Int)] = []
      #expect(index.usePartial("x") == true)
      for step in 0..<3_000 {
        let number = Int.random(in: 0..<30, using: &random)
        let file = try file("\(step % 400)", of: "\(number)", bytes: 1)
        // A name may be used again once its file is gone.
        guard index.file(id: file.id) == nil else { continue }
        if index.announce(file) == false {
          #expect(index.usePartial("\(number)") == true)
          #expect(index.reserve(1, for: "\(number)") == .reserved)
          #expect(index.beginArrival(file.digest, sizeBytes: 1) == .isExpected)
          index.endArrival(file.digest, of: "\(number)")
          #expect(index.announce(file) == true)
          #expect(index.unpin(file.digest) == [])
        }
        expected.insert((file.id, number), at: 0)
        if step % 20 == 0,
          case .removing(let gone) = index.reserve(1_003 - index.usedBytes, for: "x")
        {
          for removal in gone { index.finish(removal, isGone: true) }
          let contents = try (0..<30).filter { gone.contains(try content("\($0)")) }
          expected.removeAll { contents.contains($0.content) }
        }
        #expect(index.files(inRoom: "lobby", limit: .max).map(\.id) == expected.map(\.id))
        #expect(
          index.files(inRoom: "lobby", limit: 3).map(\.id) == expected.prefix(3).map(\.id))
      }
    }
  }
}
