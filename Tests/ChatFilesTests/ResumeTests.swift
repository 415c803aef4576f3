import ChatCore
import ChatCrypto
import ChatFiles
import ChatSystem
import Foundation
import Synchronization
import TestKit
import Testing

@Suite("Upload: it goes on where it was broken off")
struct ResumeTests {
  private let bytes = someBytes(700_000)

  @Test("after a broken connection, and after the server's sudden end")
  func resumes() throws {
    let test = try TestShelf()
    do {
      let upload = try test.beginResumable(bytes)
      #expect(upload.receivedBytes == 0)
      try upload.append(bytes.prefix(100_000))
    }
    do {
      let upload = try test.beginResumable(bytes)
      #expect(upload.receivedBytes == 100_000)
      try upload.append(bytes[100_000..<300_000])
      try upload.append(bytes[300_000..<600_000])
      // Nothing of the old shelf ends before the new one begins, as when it is killed.
      try test.reopen()
      #expect(test.shelf.usedBytes == 600_000)
      let resumed = try test.beginResumable(bytes)
      #expect(resumed.receivedBytes == 600_000)
      try resumed.append(bytes[600_000...])
      #expect(try resumed.finish().digest == bytes.sha256())
      withExtendedLifetime(upload) {}
    }
    #expect(test.shelf.usedBytes == 0)
  }

  @Test("all of it was there already: it only has to be finished")
  func nothingMissing() throws {
    let test = try TestShelf()
    try test.beginResumable(bytes).append(bytes)
    try test.reopen()
    let upload = try test.beginResumable(bytes)
    #expect(upload.receivedBytes == 700_000)
    let content = try upload.finish()
    #expect(try content.digest == bytes.sha256())
    #expect(try test.contents == [content.digest.hex] && test.partials == [])
  }

  @Test("bytes that went bad on the way are found, and the next try starts afresh")
  func damaged() throws {
    let test = try TestShelf()
    try test.beginResumable(bytes).append(Array(bytes.prefix(1_000).reversed()))
    let upload = try test.beginResumable(bytes)
    #expect(upload.receivedBytes == 1_000)
    try upload.append(bytes.dropFirst(1_000))
    #expect(throws: ShelfError.digestMismatch) { try upload.finish() }
    #expect(try test.beginResumable(bytes).receivedBytes == 0)
  }

  @Test("rewound, it goes on from any earlier byte", arguments: [0, 1, 299_999, 300_000])
  func rewinds(_ offset: Int) throws {
    let test = try TestShelf()
    let upload = try test.beginResumable(bytes)
    try upload.append(bytes.prefix(200_000))
    try upload.append(Array(repeating: 0, count: 100_000))
    #expect(throws: ShelfError.badOffset) { try upload.rewind(to: 300_001) }
    try upload.rewind(to: UInt64(offset))
    #expect(upload.receivedBytes == UInt64(offset))
    #expect(test.shelf.usedBytes == UInt64(offset))
    try upload.rewind(to: min(UInt64(offset), 200_000))
    try upload.append(bytes.dropFirst(Int(upload.receivedBytes)))
    #expect(try upload.finish().digest == bytes.sha256())
  }

  @Test("asked to go on after bytes that are not there, nothing of it is lost")
  func badOffset() throws {
    let test = try TestShelf()
    let upload = try test.beginResumable(bytes)
    try upload.append(bytes.prefix(1_000))
    for offset in [1_001, UInt64.max] {
      #expect(throws: ShelfError.badOffset) { try upload.rewind(to: offset) }
    }
    #expect(upload.receivedBytes == 1_000 && test.shelf.usedBytes == 1_000)
    try upload.append(bytes[1_000..<2_000])
    #expect(throws: ShelfError.badOffset) { try upload.rewind(to: 2_001) }
    upload.abandon(keepsPartial: true)
    #expect(try test.partials.count == 1)
    let resumed = try test.beginResumable(bytes)
    #expect(resumed.receivedBytes == 2_000)
    try resumed.append(bytes.dropFirst(2_000))
    #expect(try resumed.finish().digest == bytes.sha256())
  }

  @Test("finished too early, nothing is left to go on with")
  func tooEarly() throws {
    let test = try TestShelf()
    let upload = try test.beginResumable(bytes)
    try upload.append(bytes.prefix(1_000))
    #expect(throws: ShelfError.sizeMismatch) { try upload.finish() }
    #expect(try test.partials == [] && test.shelf.usedBytes == 0)
    #expect(try test.beginResumable(bytes).receivedBytes == 0)
  }

  @Test("rewound any number of times, anywhere, the content is right")
  func rewindsAtRandom() throws {
    try SeededRandom.run { random in
      let test = try TestShelf()
      for _ in 0..<5 {
        let whole = someBytes(Int.random(in: 0..<400_000, using: &random), seed: random.next())
        var upload = try test.beginResumable(whole)
        while upload.receivedBytes < whole.count || Int.random(in: 0..<3, using: &random) > 0 {
          let there = Int(upload.receivedBytes)
          switch Int.random(in: 0..<5, using: &random) {
          case 0: try upload.rewind(to: UInt64.random(in: 0...UInt64(there), using: &random))
          case 1:
            upload.abandon(keepsPartial: true)
            upload = try test.beginResumable(whole)
            #expect(upload.receivedBytes == UInt64(there))
          default:
            try upload.append(
              whole[there...].prefix(Int.random(in: 0..<200_000, using: &random)))
          }
        }
        #expect(try upload.finish().digest == whole.sha256())
      }
    }
  }

  @Test("two uploads of one file by one person at once are kept apart")
  func twoAtOnce() throws {
    let test = try TestShelf()
    let first = try test.beginResumable(bytes)
    try first.append(bytes.prefix(500_000))
    let second = try test.beginResumable(bytes)
    #expect(second.receivedBytes == 0)
    #expect(first.isResumable && !second.isResumable)
    try second.append(bytes)
    let two = try second.finish()
    try first.append(bytes.dropFirst(500_000))
    let one = try first.finish()
    #expect(one.digest == two.digest)
    #expect(try test.contents.count == 1)
    #expect(try test.partials == [])
    #expect(test.shelf.usedBytes == 700_000)
  }

  @Test("nobody goes on with somebody else's, or with another file")
  func othersPartials() throws {
    let test = try TestShelf()
    try test.beginResumable(bytes).append(bytes.prefix(10))
    #expect(try test.beginResumable(bytes, key: "bob").receivedBytes == 0)
    #expect(try test.beginResumable(bytes, key: "").receivedBytes == 0)
    #expect(try test.beginResumable(bytes.dropLast()).receivedBytes == 0)
    let digest = try bytes.sha256()
    #expect(
      try test.shelf.beginUpload(resumeKey: "alice", digest: digest, size: 700_001).receivedBytes
        == 0)
    #expect(
      try test.shelf.beginUpload(resumeKey: nil, digest: digest, size: 700_000).receivedBytes == 0)
    #expect(try test.beginResumable(bytes).receivedBytes == 10)
  }

  @Test("any characters may stand in a key; too long a one cannot be gone on with")
  func keys() throws {
    let test = try TestShelf()
    for key in ["../../etc/passwd", "a/b\0c", "ünïcode-", String(repeating: "x", count: 80)] {
      try test.beginResumable(bytes, key: key).append(bytes.prefix(10))
      try test.reopen()
      #expect(try test.beginResumable(bytes, key: key).receivedBytes == 10)
    }
    let long = try test.beginResumable(bytes, key: String(repeating: "x", count: 100))
    #expect(!long.isResumable)
    try long.append(bytes)
    #expect(try long.finish().sizeBytes == 700_000)
  }

  @Test("abandoned for good, or empty, nothing is left")
  func abandoned() throws {
    let test = try TestShelf()
    let upload = try test.beginResumable(bytes)
    try upload.append(bytes.prefix(10))
    upload.abandon(keepsPartial: false)
    upload.abandon(keepsPartial: true)
    #expect(try test.partials == [])
    try test.beginResumable(bytes).abandon(keepsPartial: true)
    #expect(try test.partials == [])
    #expect(test.shelf.usedBytes == 0)
  }

  @Test("a new start removes what has no name, is no upload, or has not grown for an hour")
  func restart() throws {
    let test = try TestShelf()
    let anonymous = try test.shelf.beginUpload(resumeKey: nil, digest: nil, size: nil)
    try anonymous.append(bytes)
    let fresh = try test.beginResumable(bytes, key: "fresh")
    try fresh.append(bytes.prefix(10))
    fresh.abandon(keepsPartial: true)
    let freshName = try #require(try test.partials.first { !$0.hasPrefix("anonymous") })
    let stale = try test.beginResumable(bytes, key: "stale")
    try stale.append(bytes.prefix(10))
    stale.abandon(keepsPartial: true)
    for name in try test.partials where name != freshName && !name.hasPrefix("anonymous") {
      try age("\(test.path)/partial/\(name)", seconds: 3_601)
    }
    try age("\(test.path)/partial/\(freshName)", seconds: 3_500)
    for name in ["x", freshName.uppercased(), freshName + "0", freshName + "zz"] {
      #expect(FileManager.default.createFile(atPath: "\(test.path)/partial/\(name)", contents: nil))
    }
    let start = Int64(Date().timeIntervalSince1970)
    let now = Atomic<Int64>(start)
    let shelf = try FileShelf(
      folder: FilePath(test.path), limitBytes: test.limitBytes, blockBytes: 1
    ) {
      now.load(ordering: .relaxed)
    }
    #expect(try test.partials == [freshName])
    #expect(shelf.usedBytes == 10)
    withExtendedLifetime(anonymous) {}
    // An hour later, it goes without a new start.
    now.store(start + 50, ordering: .relaxed)
    shelf.removeStalePartials()
    #expect(try test.partials == [freshName])
    now.store(start + 200, ordering: .relaxed)
    shelf.removeStalePartials()
    #expect(try test.partials == [])
    #expect(shelf.usedBytes == 0)
  }

  @Test(
    "the time of the file system, which goes by the clock that people set, decides nothing later")
  func setClock() throws {
    let test = try TestShelf()
    let now = Atomic<Int64>(1_000_000)
    let shelf = try FileShelf(
      folder: FilePath(test.path), limitBytes: test.limitBytes, blockBytes: 1
    ) {
      now.load(ordering: .relaxed)
    }
    func upload(_ key: String) throws {
      let upload = try shelf.beginUpload(
        resumeKey: key, digest: try bytes.sha256(), size: UInt64(bytes.count))
      try upload.append(bytes.prefix(10))
      upload.abandon(keepsPartial: true)
    }
    // By the shelf's time the files were written in a far future.
    try upload("first")
    now.store(1_003_000, ordering: .relaxed)
    try upload("second")
    now.store(1_003_601, ordering: .relaxed)
    shelf.removeStalePartials()
    #expect(try test.partials.count == 1)
    now.store(1_006_601, ordering: .relaxed)
    shelf.removeStalePartials()
    #expect(try test.partials == [])
    // And one that was found at the start is not kept until that future.
    try upload("third")
    let next = try FileShelf(
      folder: FilePath(test.path), limitBytes: test.limitBytes, blockBytes: 1
    ) {
      now.load(ordering: .relaxed)
    }
    next.removeStalePartials()
    #expect(try test.partials.count == 1)
    now.store(1_010_202, ordering: .relaxed)
    next.removeStalePartials()
    #expect(try test.partials == [])
  }

  /// Sets back when a file was written.
  private func age(_ path: String, seconds: Int) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date().addingTimeInterval(-Double(seconds))], ofItemAtPath: path)
  }

  @Test("a partial that is longer than the whole starts afresh")
  func tooLong() throws {
    let test = try TestShelf()
    try test.beginResumable(bytes).append(bytes.prefix(10))
    let name = try #require(try test.partials.first)
    try Data(bytes + [0]).write(to: URL(fileURLWithPath: "\(test.path)/partial/\(name)"))
    let upload = try test.beginResumable(bytes)
    #expect(upload.receivedBytes == 0)
    try upload.append(bytes)
    #expect(try upload.finish().digest == bytes.sha256())
  }

  @Test("a link, a pipe or a folder where a partial would be is not used", arguments: 0..<3)
  func notAFile(_ kind: Int) throws {
    let test = try TestShelf()
    try test.beginResumable(bytes).append(bytes.prefix(10))
    let name = try #require(try test.partials.first)
    let path = "\(test.path)/partial/\(name)"
    let target = "\(test.folder.path)/precious"
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: target))
    try FileManager.default.removeItem(atPath: path)
    switch kind {
    case 0: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    case 1: #expect(mkfifo(path, 0o600) == 0)
    default:
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    for start in 0..<2 {
      let upload = try test.beginResumable(bytes)
      // A new start clears away what can be.
      #expect(upload.receivedBytes == 0 && upload.isResumable == (start == 1 && kind != 2))
      try upload.append(bytes)
      #expect(try upload.finish().digest == bytes.sha256())
      try test.reopen()
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data([1, 2, 3]))
  }
}
