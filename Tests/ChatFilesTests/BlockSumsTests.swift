import ChatCore
import ChatCrypto
import ChatFiles
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Sums of blocks")
struct BlockSumsTests {
  private static let bytes = someBytes(5_300_000)

  private static func expected(_ bytes: [UInt8]) throws -> [SHA256Digest] {
    try stride(from: 0, to: bytes.count, by: Int(BlockSums.blockBytes)).map {
      try Array(bytes[$0...].prefix(Int(BlockSums.blockBytes))).sha256()
    }
  }

  /// Asks until all are known.
  ///
  /// - Returns: how often.
  private static func ask(_ test: TestShelf, _ id: String) throws -> ([SHA256Digest], Int) {
    let open = try #require(try test.shelf.open(id: id))
    var count = 1
    while true {
      if let sums = try test.shelf.sums(of: open) { return (sums, count) }
      count += 1
    }
  }

  /// Overwrites a content where it lies.
  private static func spoil(_ test: TestShelf, _ file: SharedFile) throws {
    let handle = try #require(FileHandle(forWritingAtPath: "\(test.path)/\(file.digest.hex)"))
    try handle.write(contentsOf: Data(repeating: 0, count: Int(file.sizeBytes)))
    try handle.close()
  }

  @Test("they are written when the content is kept, however it came, and it is never read for them")
  func written() throws {
    let test = try TestShelf()
    let upload = try test.shelf.beginUpload(resumeKey: nil, digest: nil, size: nil)
    var start = 0
    for count in [1, 999_999, 1_048_576, 48_576, 2_500_000, 702_848] {
      try upload.append(Self.bytes[start..<start + count])
      start += count
    }
    try upload.rewind(to: 1_048_577)
    try upload.append(Self.bytes[1_048_577...])
    let content = try upload.finish()
    let file = SharedFile(content, id: "a")
    #expect(test.shelf.announce(file, of: content))
    try Self.spoil(test, file)
    let (sums, calls) = try Self.ask(test, "a")
    #expect(try sums == Self.expected(Self.bytes))
    #expect(calls == 1)
    try test.reopen()
    #expect(test.shelf.announce(file))
    #expect(try Self.ask(test, "a").0 == sums)
  }

  @Test("of a content from before they are computed once, some at a time, whoever asks")
  func computed() throws {
    let test = try TestShelf()
    let file = try test.put(Self.bytes, id: "a")
    try FileManager.default.removeItem(atPath: "\(test.path)/sums/\(file.digest.hex)")
    do {
      let open = try #require(try test.shelf.open(id: "a"))
      #expect(try test.shelf.sums(of: open) == nil)
    }
    // Somebody else goes on with it.
    let (sums, calls) = try Self.ask(test, "a")
    #expect(try sums == Self.expected(Self.bytes))
    #expect(calls == 1)
    try Self.spoil(test, file)
    #expect(try Self.ask(test, "a").0 == sums)
  }

  @Test("sums that a disk has spoiled are not believed", arguments: [0, 100, 223])
  func damaged(_ offset: UInt64) throws {
    let test = try TestShelf()
    let file = try test.put(Self.bytes, id: "a")
    let path = "\(test.path)/sums/\(file.digest.hex)"
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.seek(toOffset: offset)
    let byte = try #require(try handle.read(upToCount: 1)?.first)
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: Data([byte ^ 1]))
    try handle.close()
    #expect(try Self.ask(test, "a").0 == Self.expected(Self.bytes))
    #expect(truncate(path, 5) == 0)
    #expect(try Self.ask(test, "a").0 == Self.expected(Self.bytes))
  }

  @Test("a content of one block has no file for it, an empty one no sums")
  func small() throws {
    let test = try TestShelf()
    for count in [0, 1, 1_048_576] {
      let bytes = Array(Self.bytes.prefix(count))
      try test.put(bytes, id: "\(count)")
      #expect(try Self.ask(test, "\(count)").0 == Self.expected(bytes))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(test.path)/sums") == [])
  }

  @Test("they go with their content, and those without one when the shelf is opened")
  func removed() throws {
    let test = try TestShelf()
    let file = try test.put(Self.bytes, id: "a", in: "room")
    let sums = "\(test.path)/sums"
    #expect(try FileManager.default.contentsOfDirectory(atPath: sums) == [file.digest.hex])
    test.shelf.removeRoom("room")
    #expect(try FileManager.default.contentsOfDirectory(atPath: sums) == [])
    for name in [file.digest.hex, "x"] {
      #expect(FileManager.default.createFile(atPath: "\(sums)/\(name)", contents: Data([1])))
    }
    try test.reopen()
    #expect(try FileManager.default.contentsOfDirectory(atPath: sums) == [])
  }

  @Test("an upload that goes on is read again")
  func hashedAgain() throws {
    let test = try TestShelf()
    let digest = try Self.bytes.sha256()
    func begin() throws -> ContentUpload {
      try test.shelf.beginUpload(
        resumeKey: "alice", digest: digest, size: UInt64(Self.bytes.count))
    }
    do {
      let upload = try begin()
      try upload.append(Self.bytes.dropLast(1))
    }
    let upload = try begin()
    #expect(upload.receivedBytes == UInt64(Self.bytes.count - 1))
    try upload.append(Self.bytes.suffix(1))
    let content = try upload.finish()
    #expect(content.digest == digest)
    #expect(test.shelf.announce(SharedFile(content, id: "a"), of: content))
    #expect(try Self.ask(test, "a").0 == Self.expected(Self.bytes))
  }
}
