import ChatCore
import ChatFiles
import TestKit
import Testing

@Suite("ShelfIndex: what is there, and who uses it")
struct ShelfIndexTests {
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

  @Test("a file that went is remembered as gone, one that never was is not, and not too many are")
  func gone() throws {
    var index = try index(["a": 10, "b": 10])
    #expect(!index.isGone(id: "a") && !index.isGone(id: "never"))
    // What the history knows, and the folder does not have.
    #expect(index.announce(try file("lost", of: "lost", bytes: 10)) == false)
    #expect(index.isGone(id: "lost"))
    for removal in index.removeRoom("lobby") { index.finish(removal, isGone: true) }
    #expect(index.isGone(id: "a") && index.isGone(id: "b"))
    for number in 0..<ShelfIndex.goneLimit {
      _ = index.announce(try file("\(number)", of: "lost", bytes: 10))
    }
    #expect(!index.isGone(id: "a") && index.isGone(id: "0"))
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
    #expect(index.beginArrival(file.digest, sizeBytes: 10) == .isStored)
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
    let digest = try file("", of: "again", bytes: 1).digest
    func announce(_ number: Int) -> Bool {
      index.announce(
        SharedFile(
          id: "\(number)", name: "", room: "\(number % 11)", sender: "", sizeBytes: 1,
          digest: digest, timeMilliseconds: 0))
    }
    let areIn = (2..<ShelfIndex.fileLimit).filter(announce)
    #expect(areIn.count == ShelfIndex.fileLimit - 2)
    #expect(index.trimFiles(ofRoom: "0") == [])
    #expect(announce(ShelfIndex.fileLimit) == true)
    #expect(index.trimFiles(ofRoom: "0") == [try content("first")])
    #expect(announce(ShelfIndex.fileLimit + 1) == true)
    #expect(index.trimFiles(ofRoom: "0") == [])
    #expect(index.files(inRoom: "lobby", limit: 9) == [] && index.file(id: "2") != nil)
    #expect(index.files(inRoom: "3", limit: 2).map(\.id) == ["99993", "99982"])
    // Evicted at once, in a time that grows with their number alone.
    #expect(index.usePartial("x") == true)
    index.finish(try content("first"), isGone: true)
    #expect(index.reserve(100, for: "x") == .removing([try content("again")]))
    index.finish(try content("again"), isGone: true)
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
