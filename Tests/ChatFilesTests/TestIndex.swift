import ChatCore
import ChatCrypto
import ChatFiles
import Testing

/// A file of a content that its name stands for.
func file(
  _ id: String, of content: String, bytes: UInt64, in room: String = "lobby"
) throws -> SharedFile {
  SharedFile(
    id: id, name: "\(id).txt", room: room, sender: "alice", sizeBytes: bytes,
    digest: try Array(content.utf8).sha256(), timeMilliseconds: 0)
}

/// The removal of such a content.
func content(_ name: String) throws -> ShelfIndex.Removal {
  .content(try Array(name.utf8).sha256())
}

/// An index of 100 bytes with contents, each of one file of its name, announced in this order.
func index(_ contents: KeyValuePairs<String, UInt64>) throws -> ShelfIndex {
  var index = ShelfIndex(limitBytes: 100)
  for (name, bytes) in contents { try bring(name, bytes: bytes, to: &index) }
  return index
}

/// Uploads and announces a content.
func bring(_ name: String, bytes: UInt64, to index: inout ShelfIndex) throws {
  let file = try file(name, of: name, bytes: bytes)
  #expect(index.usePartial(name) == true)
  #expect(index.reserve(bytes, for: name) == .reserved)
  #expect(index.beginArrival(file.digest, sizeBytes: bytes) == .isExpected)
  index.endArrival(file.digest, of: name)
  #expect(index.announce(file) == true)
  #expect(index.unpin(file.digest) == [])
}
