package import ChatCore
internal import ChatSystem

/// The room that records of the journal belong to: its name as it stands in each of them.
package struct JournalRoom: Sendable {
  /// The name's bytes: UTF-8.
  let name: [UInt8]
  /// Where the checksums of its records begin.
  let hash: UInt64

  /// Names a room.
  package init(_ name: String) {
    self.name = Array(name.utf8)
    hash = self.name.withUnsafeBytes { XXHash64.hash($0, seed: 0) }
  }
}

/// What is to be appended to the journal. Made before any lock is taken, because the checksum of the lines takes the most
/// time.
package struct JournalEntry: Sendable {
  let kind: JournalRecord.Kind
  let room: JournalRoom
  /// When it was said: milliseconds since 1970, UTC.
  package let timeMilliseconds: Int64
  let file: [UInt8]
  let lines: [UInt8]
  /// How many lines they are.
  package let lineCount: Int
  /// The checksum of the name, the file's fields and the lines.
  let payloadHash: UInt64

  /// Lines that a room says.
  ///
  /// - Parameters:
  ///   - lines: at most 64 KiB, each with its LF.
  ///   - file: what the first of them announces, if it does.
  package init(
    _ lines: [UInt8], lineCount: Int, in room: JournalRoom, at timeMilliseconds: Int64,
    announcing file: SharedFile? = nil
  ) {
    self.init(
      .lines, room, timeMilliseconds, file: file.map { JournalFileFields.encode($0) } ?? [],
      lines: lines, lineCount: lineCount)
  }

  /// A private room's last member has left.
  package static func emptied(_ room: JournalRoom, at timeMilliseconds: Int64) -> JournalEntry {
    JournalEntry(.emptied, room, timeMilliseconds, file: [], lines: [], lineCount: 0)
  }

  private init(
    _ kind: JournalRecord.Kind, _ room: JournalRoom, _ timeMilliseconds: Int64, file: [UInt8],
    lines: [UInt8], lineCount: Int
  ) {
    self.kind = kind
    self.room = room
    self.timeMilliseconds = timeMilliseconds
    self.file = file
    self.lines = lines
    self.lineCount = lineCount
    let fileHash =
      file.isEmpty ? room.hash : file.withUnsafeBytes { XXHash64.hash($0, seed: room.hash) }
    payloadHash = lines.withUnsafeBytes { XXHash64.hash($0, seed: fileHash) }
  }

  /// How many bytes the record has, without what pads it.
  var recordBytes: Int {
    JournalRecord.headerBytes + room.name.count + file.count + lines.count
  }
}

/// The fields of a file in the journal: size (8 bytes), digest (32), and id, name and sender, each with its length (2).
/// Numbers are little-endian.
enum JournalFileFields {
  /// The fields of a file; its room, its line and the time are the record's own.
  static func encode(_ file: SharedFile) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: file.sizeBytes.littleEndian) { bytes += $0 }
    file.digest.append(to: &bytes)
    for text in [file.id, file.name, file.sender] {
      withUnsafeBytes(of: UInt16(clamping: text.utf8.count).littleEndian) { bytes += $0 }
      bytes += text.utf8.prefix(Int(UInt16.max))
    }
    return bytes
  }

  /// Reads the fields; `nil` if they are not what `encode` makes.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, room: String, timeMilliseconds: Int64, sequence: UInt64
  ) -> SharedFile? {
    guard bytes.count >= 40 else { return nil }
    let size = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    var digest = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<32 { digest[index] = bytes[8 + index] }
    var texts: [String] = []
    var start = 40
    while texts.count < 3 {
      guard start + 2 <= bytes.count else { return nil }
      let count = Int(
        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt16.self)))
      start += 2
      guard start + count <= bytes.count else { return nil }
      texts.append(String(decoding: bytes[start..<start + count], as: UTF8.self))
      start += count
    }
    return SharedFile(
      id: texts[0], name: texts[1], room: room, sender: texts[2], sizeBytes: size,
      digest: SHA256Digest(digest), timeMilliseconds: timeMilliseconds, sequence: sequence)
  }
}
