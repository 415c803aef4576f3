import ChatCore
import ChatCrypto
import ChatFiles
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("FileShelf: files, and the space they have")
struct FileShelfTests {
  @Test("a room's files are told newest first, as many as are wanted")
  func rooms() throws {
    let test = try TestShelf()
    for number in 1...5 { try test.put(someBytes(number), id: "\(number)") }
    try test.put(someBytes(6), id: "6", in: "other")
    #expect(test.shelf.files(inRoom: "lobby", limit: 100).map(\.id) == ["5", "4", "3", "2", "1"])
    #expect(test.shelf.files(inRoom: "lobby", limit: 2).map(\.id) == ["5", "4"])
    #expect(test.shelf.files(inRoom: "lobby", limit: 0) == [])
    #expect(test.shelf.files(inRoom: "other", limit: 9).map(\.id) == ["6"])
    #expect(test.shelf.files(inRoom: "nowhere", limit: 9) == [])
    #expect(test.shelf.file(id: "7") == nil)
    #expect(try test.fetch("7") == nil)
    test.shelf.removeRoom("lobby")
    test.shelf.removeRoom("nowhere")
    #expect(try test.contents.count == 1)
    #expect(test.shelf.usedBytes == 6)
  }

  @Test("two files have two names, and the size of their content")
  func announcing() throws {
    let test = try TestShelf()
    let file = try test.put(someBytes(10), id: "a")
    #expect(test.shelf.announce(file))
    let content = try test.store(someBytes(11))
    #expect(!test.shelf.announce(SharedFile(content, id: "a"), of: content))
    let wrong = SharedFile(
      id: "b", name: "b", room: "lobby", sender: "alice", sizeBytes: 12, digest: content.digest,
      timeMilliseconds: 0)
    #expect(!test.shelf.announce(wrong, of: content))
    #expect(test.shelf.files(inRoom: "lobby", limit: 9) == [file])
  }

  @Test("after a new start, what is announced again is there, the rest waits to be claimed")
  func restart() throws {
    let test = try TestShelf(limitBytes: 1_000)
    let a = try test.put(someBytes(300, seed: 1), id: "a")
    let b = try test.put(someBytes(300, seed: 2), id: "b")
    let c = try test.put(someBytes(300, seed: 3), id: "c")
    // The order on disk is not the order of announcing.
    for (seconds, file) in [(100.0, c), (200, b), (300, a)] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)],
        ofItemAtPath: "\(test.path)/\(file.digest.hex)")
    }
    for name in ["readme", a.digest.hex.uppercased(), String(a.digest.hex.dropLast())] {
      try Data([1]).write(to: URL(fileURLWithPath: "\(test.path)/\(name)"))
    }
    let link = "\(test.path)/\(String(repeating: "0", count: 64))"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "readme")
    try test.reopen()
    #expect(test.shelf.usedBytes == 900)
    #expect(test.shelf.file(id: "a") == nil)
    #expect(test.shelf.announce(c))
    #expect(try test.fetch("c") == someBytes(300, seed: 3))
    // b was written before a, and nobody has claimed either.
    try test.put(someBytes(300, seed: 4), id: "d")
    #expect(!test.shelf.announce(b))
    #expect(test.shelf.announce(a))
    try test.put(someBytes(300, seed: 5), id: "e")
    #expect(test.shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["e", "a", "d"])
    #expect(test.shelf.usedBytes == 900)
    #expect(FileManager.default.fileExists(atPath: "\(test.path)/readme"))
  }

  @Test("a budget that was lowered is kept as soon as something is uploaded")
  func loweredBudget() throws {
    let test = try TestShelf()
    var files: [SharedFile] = []
    for number in 0..<5 {
      files.append(try test.put(someBytes(100, seed: UInt64(number)), id: "\(number)"))
    }
    let shelf = try FileShelf(folder: FilePath(test.path), limitBytes: 250, blockBytes: 1)
    for file in files { #expect(shelf.announce(file)) }
    let upload = try shelf.beginUpload(resumeKey: nil, digest: nil, size: nil)
    try upload.append(someBytes(100, seed: 9))
    #expect(shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["4"])
    #expect(shelf.usedBytes == 200)
    #expect(try test.contents.count == 1)
  }

  @Test("a budget that was lowered can be kept at once, without what nobody claimed")
  func startedAnew() throws {
    let test = try TestShelf()
    var files: [SharedFile] = []
    for number in 0..<6 {
      files.append(try test.put(someBytes(100, seed: UInt64(number)), id: "\(number)"))
    }
    let shelf = try FileShelf(folder: FilePath(test.path), limitBytes: 250, blockBytes: 1)
    for file in files.dropLast(2) { #expect(shelf.announce(file)) }
    shelf.removeUnannounced()
    #expect(try Set(test.contents) == Set(files.dropLast(2).map(\.digest.hex)))
    #expect(shelf.usedBytes == 400)
    let open = try #require(try shelf.open(id: "0"))
    shelf.trim()
    #expect(shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["3", "0"])
    #expect(try test.contents.count == 2)
    #expect(shelf.usedBytes == 200)
    #expect(try open.bytes(from: 0, count: 100).count == 100)
  }

  @Test("the oldest files go first, unused uploads before them")
  func oldestFirst() throws {
    let test = try TestShelf(limitBytes: 1_000)
    for number in 1...3 { try test.put(someBytes(300, seed: UInt64(number)), id: "\(number)") }
    try test.beginResumable(someBytes(500)).append(someBytes(90))
    #expect(test.shelf.usedBytes == 990)
    try test.put(someBytes(100, seed: 4), id: "4")
    #expect(try test.partials == [])
    #expect(test.shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["4", "3", "2", "1"])
    try test.put(someBytes(301, seed: 5), id: "5")
    #expect(test.shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["5", "4", "3"])
    #expect(try test.fetch("1") == nil)
    #expect(try test.contents.count == 3)
    #expect(test.shelf.usedBytes == 701)
  }

  @Test("what is being fetched stays until it has been, and what was asked for goes then")
  func neverOpen() throws {
    let test = try TestShelf(limitBytes: 1_000)
    let bytes = someBytes(600, seed: 1)
    try test.put(bytes, id: "old")
    try test.put(someBytes(300, seed: 2), id: "new")
    var open = try test.shelf.open(id: "old")
    try test.put(someBytes(300, seed: 3), id: "newest")
    #expect(test.shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["newest", "old"])
    #expect(throws: ShelfError.noSpace) { try test.store(someBytes(401)) }
    // What could not be made to fit has cost nobody anything.
    #expect(test.shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["newest", "old"])
    test.shelf.removeRoom("lobby")
    #expect(test.shelf.file(id: "old") == nil)
    #expect(try open?.bytes(from: 0, count: 1_000) == bytes)
    #expect(try test.contents.count == 1)
    open = nil
    #expect(try test.contents == [])
    #expect(test.shelf.usedBytes == 0)
  }

  @Test("what cannot be unlinked is counted on, and tried again")
  func stubborn() throws {
    let test = try TestShelf(limitBytes: 1_000)
    let file = try test.put(someBytes(600), id: "a")
    let path = "\(test.path)/\(file.digest.hex)"
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    for _ in 0..<2 {
      #expect(throws: ShelfError.system(SystemError("unlinkat", code: EISDIR))) {
        try test.store(someBytes(500, seed: 2))
      }
      #expect(test.shelf.usedBytes == 600)
    }
    try FileManager.default.removeItem(atPath: path)
    try test.put(someBytes(500, seed: 2), id: "b")
    #expect(test.shelf.files(inRoom: "lobby", limit: 9).map(\.id) == ["b"])
    #expect(test.shelf.usedBytes == 500)
  }

  @Test("what was uploaded and is about to be announced stays")
  func neverPinned() throws {
    let test = try TestShelf(limitBytes: 1_000)
    let content = try test.store(someBytes(600))
    #expect(throws: ShelfError.noSpace) { try test.store(someBytes(401, seed: 2)) }
    #expect(test.shelf.announce(SharedFile(content, id: "a"), of: content))
    #expect(throws: ShelfError.noSpace) { try test.store(someBytes(401, seed: 2)) }
    #expect(try test.fetch("a") == someBytes(600))
    #expect(content.sizeBytes == 600)
  }

  @Test("an upload that has no space left goes on when there is some")
  func noSpace() throws {
    let test = try TestShelf(limitBytes: 1_000)
    let bytes = someBytes(500)
    #expect(throws: ShelfError.noSpace) {
      try test.shelf.beginUpload(resumeKey: nil, digest: nil, size: 1_001)
    }
    #expect(throws: ShelfError.noSpace) {
      try test.shelf.beginUpload(resumeKey: "alice", digest: try bytes.sha256(), size: .max)
    }
    let other = try test.shelf.beginUpload(resumeKey: nil, digest: nil, size: nil)
    try other.append(someBytes(100, seed: 2))
    let upload = try test.beginResumable(bytes)
    try upload.append(bytes.prefix(400))
    #expect(throws: ShelfError.noSpace) { try upload.append(bytes.dropFirst(400)) }
    #expect(upload.receivedBytes == 400)
    #expect(test.shelf.usedBytes == 500)
    other.abandon(keepsPartial: false)
    try upload.append(bytes.dropFirst(400))
    #expect(try upload.finish().digest == bytes.sha256())
  }

  @Test("uploads that are never finished cost no more than half of the files")
  func unfinished() throws {
    let test = try TestShelf(limitBytes: 1_000)
    for number in 0..<10 { try test.put(someBytes(100, seed: UInt64(number)), id: "\(number)") }
    var uploads: [ContentUpload] = []
    for number in 0..<10 {
      let upload = try test.beginResumable(someBytes(1_000, seed: UInt64(number)), key: "\(number)")
      uploads.append(upload)
      do throws(any Error) {
        try upload.append(someBytes(100))
        #expect(number < 5)
      } catch {
        #expect(number >= 5 && error as? ShelfError == .noSpace)
      }
    }
    #expect(
      test.shelf.files(inRoom: "lobby", limit: 99).map(\.id) == ["9", "8", "7", "6", "5"])
    // Left behind, they make way for one that goes on.
    for upload in uploads.prefix(5) { upload.abandon(keepsPartial: true) }
    try uploads[9].append(someBytes(200))
    #expect(try test.partials.count == 8)
    #expect(test.shelf.files(inRoom: "lobby", limit: 99).count == 5)
  }

  @Test("threads that fill a small shelf never use more than it has, on the disk either")
  func crowded() async throws {
    let test = try TestShelf(limitBytes: 100_000)
    let shelf = test.shelf
    try await withThrowingTaskGroup(of: Void.self) { group in
      for thread in 0..<4 {
        group.addTask {
          for round in 0..<40 {
            let upload = try shelf.beginUpload(resumeKey: nil, digest: nil, size: nil)
            do {
              for piece in 0..<4 {
                try upload.append(
                  someBytes(5_000, seed: UInt64(thread * 1_000 + round * 10 + piece)))
                #expect(shelf.usedBytes <= 100_000)
              }
              let content = try upload.finish()
              let id = SecretName.make()
              #expect(shelf.announce(SharedFile(content, id: id), of: content))
              if let open = try shelf.open(id: id) {
                #expect(try shelf.sums(of: open) == [content.digest])
              }
            } catch ShelfError.noSpace {
              upload.abandon(keepsPartial: false)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    let sizes = try test.contents.map {
      try FileManager.default.attributesOfItem(atPath: "\(test.path)/\($0)")[.size] as? Int ?? 0
    }
    #expect(UInt64(sizes.reduce(0, +)) == shelf.usedBytes)
    #expect(shelf.files(inRoom: "lobby", limit: 99).count == sizes.count)
    #expect(try test.partials == [])
  }

  @Test("a folder that cannot be made says why")
  func impossible() {
    #expect { try FileShelf(folder: "/proc/nothing/files", limitBytes: 1) } throws: {
      "\($0)".hasPrefix("cannot store the file: mkdirat: ")
    }
  }
}
