import ChatCore
import ChatCrypto
import ChatFiles
import Foundation
import TestKit
import Testing

@Suite("Upload: a file is whole, or not there")
struct UploadTests {
  @Test("what was uploaded in pieces is fetched whole", arguments: [0, 1, 1_000, 1_000_003])
  func roundTrip(_ count: Int) throws {
    let test = try TestShelf()
    let bytes = someBytes(count)
    let upload = try test.shelf.beginUpload(
      resumeKey: nil, digest: try bytes.sha256(), size: UInt64(count))
    for start in stride(from: 0, to: count, by: 65_536) {
      try upload.append(bytes[start..<min(count, start + 65_536)])
      #expect(try test.contents == [])
    }
    let content = try upload.finish()
    #expect(content.digest == (try bytes.sha256()) && content.sizeBytes == UInt64(count))
    #expect(try test.contents == [content.digest.hex])
    #expect(try test.partials == [])
    let file = SharedFile(content, id: "f")
    #expect(test.shelf.announce(file, of: content))
    #expect(test.shelf.file(id: "f") == file)
    #expect(try test.fetch("f") == bytes)
    #expect(test.shelf.usedBytes == UInt64(count))
  }

  @Test("folders and files are their owner's alone")
  func permissions() throws {
    let test = try TestShelf()
    let file = try test.put([1], id: "a")
    for (name, mode) in [("", 0o700), ("/partial", 0o700), ("/\(file.digest.hex)", 0o600)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: test.path + name)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode)
    }
  }

  @Test("the same content is stored once, whoever brings it")
  func storedOnce() throws {
    let test = try TestShelf()
    let bytes = someBytes(10_000)
    try test.put(bytes, id: "a")
    try test.put(bytes, id: "b", in: "other")
    #expect(try test.contents.count == 1)
    #expect(try test.partials == [])
    #expect(test.shelf.usedBytes == 10_000)
    test.shelf.removeRoom("lobby")
    #expect(try test.fetch("a") == nil)
    #expect(try test.fetch("b") == bytes)
    test.shelf.removeRoom("other")
    #expect(try test.contents == [])
    #expect(test.shelf.usedBytes == 0)
  }

  @Test("a content whose file somebody took away is stored anew")
  func tampered() throws {
    let test = try TestShelf()
    let bytes = someBytes(1_000)
    let file = try test.put(bytes, id: "a")
    try FileManager.default.removeItem(atPath: "\(test.path)/\(file.digest.hex)")
    try test.put(bytes, id: "b")
    #expect(try test.fetch("b") == bytes)
    #expect(try test.fetch("a") == bytes)
    try FileManager.default.removeItem(atPath: "\(test.path)/\(file.digest.hex)")
    #expect(try test.fetch("a") == nil)
    #expect(test.shelf.file(id: "b") == nil)
    #expect(test.shelf.usedBytes == 0)
  }

  @Test("too few bytes, too many or others leave nothing", arguments: [nil, "alice"])
  func mismatches(_ key: String?) throws {
    let test = try TestShelf()
    let bytes = someBytes(1_000)
    func upload(_ sent: [UInt8], size: UInt64?) throws -> StoredContent {
      let upload = try test.shelf.beginUpload(
        resumeKey: key, digest: try bytes.sha256(), size: size)
      do {
        try upload.append(sent)
      } catch {
        #expect(upload.receivedBytes == 0)
        upload.abandon(keepsPartial: false)
        throw error
      }
      return try upload.finish()
    }
    #expect(throws: ShelfError.sizeMismatch) { try upload(bytes.dropLast(), size: 1_000) }
    #expect(throws: ShelfError.sizeMismatch) { try upload(bytes + [0], size: 1_000) }
    #expect(throws: ShelfError.digestMismatch) { try upload(bytes.reversed(), size: 1_000) }
    #expect(throws: ShelfError.digestMismatch) { try upload(bytes.reversed(), size: nil) }
    #expect(try test.contents == [] && test.partials == [])
    #expect(test.shelf.usedBytes == 0)
  }

  @Test("an upload without a name is gone when it ends; an announced content is needed for a file")
  func dropped() throws {
    let test = try TestShelf()
    let bytes = someBytes(100)
    do {
      let upload = try test.shelf.beginUpload(resumeKey: nil, digest: nil, size: nil)
      try upload.append(bytes)
      #expect(try test.partials.count == 1)
      withExtendedLifetime(upload) {}
    }
    #expect(try test.partials == [])
    let file: SharedFile
    do {
      let content = try test.store(bytes)
      file = SharedFile(content, id: "a")
      #expect(try test.contents.count == 1)
      withExtendedLifetime(content) {}
    }
    // Nobody announced it while it was held.
    #expect(try test.contents == [])
    #expect(!test.shelf.announce(file))
    #expect(test.shelf.usedBytes == 0)
  }

  @Test("eight threads bring the same contents at once, and each is stored once")
  func atOnce() async throws {
    let test = try TestShelf()
    let shelf = test.shelf
    let contents = (0..<5).map { someBytes(20_000, seed: UInt64($0)) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for thread in 0..<8 {
        group.addTask {
          for round in 0..<20 {
            let bytes = contents[(thread + round) % contents.count]
            let upload = try shelf.beginUpload(
              resumeKey: "alice", digest: try bytes.sha256(), size: UInt64(bytes.count))
            try upload.append(bytes.dropFirst(Int(upload.receivedBytes)))
            let content = try upload.finish()
            // Others may have removed the room meanwhile, but not what we hold.
            let file = SharedFile(content, id: SecretName.make(), in: "\(round % 2)")
            #expect(shelf.announce(file, of: content))
            if round % 3 == 0 { shelf.removeRoom("\(round % 2)") }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try test.partials == [])
    #expect(try test.contents.count * 20_000 == Int(shelf.usedBytes))
    shelf.removeRoom("0")
    shelf.removeRoom("1")
    #expect(try test.contents == [])
    #expect(shelf.usedBytes == 0)
  }

  @Test("no descriptor is left open, however uploads and downloads end")
  func descriptors() throws {
    let test = try TestShelf(limitBytes: 5_000)
    func count() throws -> Int {
      // Those of this test's folder: other tests run beside it.
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
          .contains(test.folder.path) == true
      }.count
    }
    let before = try count()
    #expect(before == 3)
    let bytes = someBytes(1_000)
    for round in 0..<5 {
      try test.put(someBytes(2_000, seed: UInt64(round)), id: "\(round)")
      _ = try test.fetch("\(round)")
      #expect(throws: ShelfError.noSpace) { try test.store(someBytes(6_000)) }
      let wrong = try test.beginResumable(bytes)
      try wrong.append(Array(bytes.reversed()))
      #expect(throws: ShelfError.digestMismatch) { try wrong.finish() }
      #expect(try count() == before)
      let broken = try test.beginResumable(bytes)
      try broken.append(bytes.prefix(10))
      broken.abandon(keepsPartial: true)
      #expect(try count() == before)
      let resumed = try test.beginResumable(bytes)
      #expect(try count() == before + 1)
      resumed.abandon(keepsPartial: false)
      let whole = try test.beginResumable(bytes)
      try whole.append(bytes)
      let content = try whole.finish()
      // The upload object still lives, and so does the content.
      #expect(try count() == before && content.sizeBytes == 1_000 && whole.receivedBytes == 1_000)
    }
    #expect(try count() == before)
  }
}
