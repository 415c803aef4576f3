import ChatCore
import ChatCrypto
import ChatServer
import ChatSystem
import TestKit
import Testing

@Suite("TransferTable")
struct TransferTableTests {
  private static let alice = AddressBlock(of: Address(host: "192.0.2.1", port: 1))
  private static let bob = AddressBlock(of: Address(host: "192.0.2.2", port: 1))

  private static func time(_ seconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: Int64(seconds * 1e9))
  }

  private static func content(_ text: String) throws -> SHA256Digest {
    try Array(text.utf8).span.withUnsafeBytes { try SHA256.digest(of: $0) }
  }

  private static func begin(
    _ table: inout TransferTable, _ source: AddressBlock, of content: SHA256Digest? = nil,
    at seconds: Double = 0
  ) throws -> TransferTable.ID {
    let id = table.begin(from: source, of: content, now: time(seconds))
    return try #require(id)
  }

  @Test("a pace is kept by whoever does as much on the whole; no burst buys more than its patience")
  func pace() {
    var pace = Pace(bytesPerSecond: 1_000, patience: .seconds(30), now: Self.time(0))
    #expect(pace.balance(at: Self.time(29)) >= 0)
    #expect(pace.balance(at: Self.time(31)) < 0)
    for second in 1...200 { pace.note(1_000, now: Self.time(Double(second))) }
    #expect(pace.balance(at: Self.time(200)) == 30_000)
    pace.note(1_000_000_000, now: Self.time(201))
    #expect(pace.balance(at: Self.time(230)) >= 0)
    #expect(pace.balance(at: Self.time(232)) < 0)
    // A clock that seems to go back buys nothing, and costs nothing.
    pace.note(0, now: Self.time(100))
    #expect(pace.balance(at: Self.time(232)) < 0)
    pace.rest(now: Self.time(300))
    #expect(pace.balance(at: Self.time(329)) >= 0)
  }

  @Test("a byte now and then does not keep a transfer; 1 kB a second does")
  func least() throws {
    var table = TransferTable(limit: 8, rules: .init())
    let slow = try Self.begin(&table, Self.alice)
    let fair = try Self.begin(&table, Self.alice)
    for second in 1...29 {
      #expect(table.note(slow, 1, now: Self.time(Double(second))) == .goesOn)
      #expect(table.note(fair, 1_000, now: Self.time(Double(second))) == .goesOn)
    }
    #expect(table.note(slow, 1, now: Self.time(31)) == .tooSlow)
    #expect(table.note(fair, 2_000, now: Self.time(31)) == .goesOn)
    // Where there was nothing to take, nobody is slow.
    #expect(table.note(fair, nil, now: Self.time(1_000)) == .goesOn)
  }

  @Test("an address gets half, another half of the rest, and there is always one for somebody new")
  func shares() {
    var table = TransferTable(limit: 16, rules: .init())
    for _ in 0..<8 { #expect(table.begin(from: Self.alice, now: Self.time(0)) != nil) }
    #expect(table.begin(from: Self.alice, now: Self.time(0)) == nil)
    for _ in 0..<4 { #expect(table.begin(from: Self.bob, now: Self.time(0)) != nil) }
    #expect(table.begin(from: Self.bob, now: Self.time(0)) == nil)
    var last: TransferTable.ID?
    for number in 0..<4 {
      let other = AddressBlock(of: Address(host: "192.0.2.1\(number)", port: 1))
      last = table.begin(from: other, now: Self.time(0))
      #expect(last != nil)
    }
    let late = AddressBlock(of: Address(host: "192.0.2.99", port: 1))
    #expect(table.begin(from: late, now: Self.time(0)) == nil)
    if let last { table.end(last) }
    #expect(table.begin(from: late, now: Self.time(0)) != nil)
  }

  @Test(
    "where places are too few, one that takes long makes way: of one's own, or of anybody if there is none"
  )
  func placesMakeWay() throws {
    var table = TransferTable(limit: 4, rules: .init())
    let slow = try Self.begin(&table, Self.alice)
    let good = try Self.begin(&table, Self.alice)
    #expect(table.begin(from: Self.alice, now: Self.time(1)) == nil)
    #expect(table.note(good, 1_000_000, now: Self.time(4)) == .goesOn)
    #expect(table.note(slow, 1, now: Self.time(4)) == .goesOn)
    #expect(table.begin(from: Self.alice, now: Self.time(4)) != nil)
    #expect(table.note(slow, 1_000_000, now: Self.time(4)) == .revoked)
    #expect(table.note(good, 1, now: Self.time(4)) == .goesOn)
    table.end(slow)
    #expect(table.count(besides: nil) == 2)
  }

  @Test("space is made by the content whose readers all take long, not where one of them is quick")
  func spaceMakesWay() throws {
    var table = TransferTable(limit: 100, rules: .init())
    let (a, b) = (try Self.content("a"), try Self.content("b"))
    let slow = try [a, a, b, b].map { try Self.begin(&table, Self.alice, of: $0) }
    #expect(table.slowestHolders(besides: nil, now: Self.time(2)) == nil)
    let quick = try Self.begin(&table, Self.bob, of: a, at: 4)
    for id in slow[..<2] { #expect(table.note(id, 1, now: Self.time(4)) == .goesOn) }
    let found = try #require(table.slowestHolders(besides: nil, now: Self.time(5)))
    #expect(Set(found.ids) == Set(slow[2...]))
    for id in found.ids { table.revoke(id, Self.time(5)) }
    #expect(table.isMakingWay(now: Self.time(6)) && !table.isMakingWay(now: Self.time(8)))
    #expect(table.slowestHolders(besides: nil, now: Self.time(6)) == nil)
    table.end(quick)
    #expect(
      Set(table.slowestHolders(besides: nil, now: Self.time(6))?.ids ?? []) == Set(slow[..<2]))
    // Whoever needs the space is not the one to make way.
    var uploads = TransferTable(limit: 100, rules: .init())
    let own = try Self.begin(&uploads, Self.alice)
    #expect(uploads.slowestHolders(besides: own, now: Self.time(9)) == nil)
    #expect(uploads.slowestHolders(besides: nil, now: Self.time(9))?.ids == [own])
  }

  @Test("whatever addresses come, and however their transfers end, no more is kept than there are")
  func bounded() {
    SeededRandom.run { random in
      var table = TransferTable(limit: 32, rules: .init())
      var open: [TransferTable.ID] = []
      for step in 0..<20_000 {
        let now = Self.time(Double(step) / 10)
        let host = "2001:db8:\(String(UInt16.random(in: 0...9, using: &random), radix: 16))::1"
        if let id = table.begin(from: AddressBlock(of: Address(host: host, port: 1)), now: now) {
          open.append(id)
        }
        #expect(table.count(besides: nil) <= 96)
        if open.count > 20 || Bool.random(using: &random),
          let id = open.randomElement(using: &random)
        {
          open.removeAll { $0 == id }
          table.end(id)
        }
      }
      for id in open { table.end(id) }
      #expect(table.count(besides: nil) == 0)
      #expect(table.begin(from: Self.alice, now: Self.time(0)) != nil)
    }
  }

  @Test("one IPv4 address is one however it is written; an IPv6 network is one")
  func blocks() {
    func block(_ host: String) -> AddressBlock { AddressBlock(of: Address(host: host, port: 1)) }
    #expect(block("192.0.2.1") == block("::ffff:192.0.2.1"))
    #expect(block("192.0.2.1") != block("192.0.2.2"))
    #expect(block("127.0.0.1") != block("127.0.0.2"))
    #expect(block("2001:db8:1:2:3::4") == block("2001:db8:1:2:ffff::1"))
    #expect(block("2001:db8:1:2::1") != block("2001:db8:1:3::1"))
    #expect(block("fe80::1%eth0") == block("fe80::2%eth1"))
    #expect(block("::1") != block("0.0.0.0"))
    #expect(block("what") == block("ever"))
  }
}
