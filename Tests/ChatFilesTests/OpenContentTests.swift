import ChatCore
import ChatCrypto
import ChatFiles
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("OpenContent")
struct OpenContentTests {
  @Test("any part of it can be read, and nothing after its end")
  func parts() throws {
    let test = try TestShelf()
    let bytes = someBytes(1_000)
    try test.put(bytes, id: "a")
    let open = try #require(try test.shelf.open(id: "a"))
    for (offset, count) in [(0, 1_000), (0, 1), (999, 1), (10, 500), (990, 50), (0, .max)] {
      #expect(
        try open.bytes(from: UInt64(offset), count: count)
          == Array(bytes[offset...].prefix(count)))
    }
    #expect(try open.bytes(from: 1_000, count: 1) == [])
    #expect(try open.bytes(from: .max, count: 1) == [])
    #expect(try open.bytes(from: 0, count: -1) == [])
    var first: UInt8 = 0
    #expect(pread(open.descriptorNumber, &first, 1, 7) == 1)
    #expect(first == bytes[7])
  }

  @Test("a file that was cut short meanwhile is said to be")
  func cut() throws {
    let test = try TestShelf()
    let file = try test.put(someBytes(1_000), id: "a")
    let open = try #require(try test.shelf.open(id: "a"))
    #expect(truncate("\(test.path)/\(file.digest.hex)", 500) == 0)
    #expect(try open.bytes(from: 0, count: 1_000).count == 500)
    #expect(try test.shelf.open(id: "a") == nil)
  }
}
