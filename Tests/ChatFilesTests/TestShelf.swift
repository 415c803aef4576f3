import ChatCore
import ChatCrypto
import ChatFiles
import ChatSystem
import Foundation
import TestKit
import Testing

/// A shelf in a temporary folder, which can be opened again as after the server's end.
final class TestShelf {
  let folder: TestFolder
  let limitBytes: UInt64
  private(set) var shelf: FileShelf

  init(limitBytes: UInt64 = 1_000_000_000) throws {
    folder = try TestFolder()
    self.limitBytes = limitBytes
    shelf = try FileShelf(
      folder: FilePath("\(folder.path)/files"), limitBytes: limitBytes, blockBytes: 1)
  }

  /// Where it is.
  var path: String { "\(folder.path)/files" }

  /// Opens it again. Uploads of the old one are as those of a process that was killed, if the test
  /// keeps them from ending.
  func reopen(nowSeconds: Int64? = nil) throws {
    shelf =
      if let nowSeconds {
        try FileShelf(
          folder: FilePath(path), limitBytes: limitBytes, blockBytes: 1, nowSeconds: { nowSeconds })
      } else {
        try FileShelf(folder: FilePath(path), limitBytes: limitBytes, blockBytes: 1)
      }
  }

  /// The contents' names.
  var contents: [String] {
    get throws { try names("").filter { $0 != "partial" && $0 != "sums" } }
  }

  /// The partial uploads' names.
  var partials: [String] {
    get throws { try names("/partial") }
  }

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path + folder).sorted()
  }

  /// Uploads a content, as whoever declares nothing does.
  func store(_ bytes: [UInt8]) throws -> StoredContent {
    let upload = try shelf.beginUpload(resumeKey: nil, digest: nil, size: nil)
    try upload.append(bytes)
    return try upload.finish()
  }

  /// Uploads a content, and announces it as a file.
  @discardableResult
  func put(_ bytes: [UInt8], id: String, in room: String = "lobby") throws -> SharedFile {
    let content = try store(bytes)
    let file = SharedFile(content, id: id, in: room)
    #expect(shelf.announce(file, of: content))
    return file
  }

  /// Begins an upload of alice's that can go on later.
  func beginResumable(_ bytes: [UInt8], key: String = "alice") throws -> ContentUpload {
    try shelf.beginUpload(
      resumeKey: key, digest: try bytes.sha256(), size: UInt64(bytes.count))
  }

  /// All of a file, as whoever fetches it gets it.
  func fetch(_ id: String) throws -> [UInt8]? {
    guard let content = try shelf.open(id: id) else { return nil }
    return try content.bytes(from: 0, count: Int(content.sizeBytes))
  }
}

extension SharedFile {
  /// A file that has a content.
  init(_ content: StoredContent, id: String, in room: String = "lobby") {
    self.init(
      id: id, name: "\(id).bin", room: room, sender: "alice", sizeBytes: content.sizeBytes,
      digest: content.digest, timeMilliseconds: 1_000)
  }
}

extension ContentUpload {
  /// Appends bytes.
  func append(_ bytes: some Collection<UInt8>) throws {
    try Array(bytes).withUnsafeBytes { try append($0) }
  }
}

/// Bytes that look like none else.
func someBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var random = SeededRandom(seed: seed)
  return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}
