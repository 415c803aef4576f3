package import ChatCore
internal import ChatSystem

/// A record of the journal, as it lies there: what one append to a room's log said.
///
/// A header of 56 bytes, the room's name, the fields of a file, and the lines as they stand in the log; records begin at
/// multiples of 8. The header's words, little-endian:
///
/// | at | | |
/// | --- | --- | --- |
/// | 0 | 8 bytes | the checksum: XXH64 of the header from here on, seeded with the payload's hash and the journal's identity |
/// | 8 | 8 | the record's position in the journal: what was left there by an earlier lap of the ring has a lower one |
/// | 16 | 4 | how many bytes the record has |
/// | 20 | 1, 1, 2 | its kind, and the lengths of the room's name and of the file's fields |
/// | 24 | 8 | when it was said: milliseconds since 1970, UTC |
/// | 32 | 8 | the number of its first line in the room; of an emptied room how long the system had run, in milliseconds |
/// | 40 | 8 | the position of its first byte in the room |
/// | 48 | 4, 4 | how many lines it has, and nothing |
package struct JournalRecord {
  /// What it tells of.
  package enum Kind: UInt8, Sendable {
    /// Lines that a room said.
    case lines = 1
    /// A private room's last member left.
    case emptied = 2
    /// Something that was deleted since, or the rest of a page: its bytes are zero.
    case erased = 3
  }

  static let headerBytes = 56
  /// The longest record: the longest append, a name, and a file's fields.
  static let longest = headerBytes + 255 + 65_535 + 65_536
  /// No room and no clock comes so far. Numbers below it can be added to without overflow, and the database can hold
  /// them.
  private static let lastNumber: UInt64 = 1 << 62

  /// What it tells of.
  package let kind: Kind
  /// Where it begins in the journal, and where the next one does.
  package let position: UInt64
  package let end: UInt64
  /// When it was said: milliseconds since 1970, UTC.
  package let timeMilliseconds: Int64
  /// The number of its first line in its room.
  package let firstSequence: UInt64
  /// The position of its first byte in its room.
  package let roomPosition: UInt64
  /// How many lines it has.
  package let lineCount: Int
  /// The room's name. Valid as long as the bytes that the record was read from, like the rest.
  let roomName: UnsafeRawBufferPointer
  private let fileFields: UnsafeRawBufferPointer
  /// The lines, each with its LF.
  package let lines: UnsafeRawBufferPointer

  /// The room's name.
  package var room: String { String(decoding: roomName, as: UTF8.self) }

  /// The file that its first line announces; `nil` if it announces none.
  package var file: SharedFile? {
    guard !fileFields.isEmpty else { return nil }
    return JournalFileFields.decode(
      fileFields, room: room, timeMilliseconds: timeMilliseconds, sequence: firstSequence)
  }

  /// What the clocks said when a room was left by its last member: instead of a number, the record holds how long the
  /// system had run, in milliseconds.
  var emptiedReading: ClockReading {
    ClockReading(
      wallMilliseconds: timeMilliseconds,
      sinceBoot: .milliseconds(Int64(clamping: min(firstSequence, Self.lastNumber))))
  }

  /// Where the record after one of so many bytes begins.
  static func end(of position: UInt64, _ recordBytes: Int) -> UInt64 {
    position + UInt64((recordBytes + 7) & ~7)
  }

  // MARK: Writing

  /// The header of a record, as its bytes: the name, the file's fields and the lines follow.
  static func header(
    of entry: JournalEntry, firstSequence: UInt64, roomPosition: UInt64, at position: UInt64,
    identity: UInt64
  ) -> InlineArray<7, UInt64> {
    let shape =
      UInt64(entry.recordBytes) | UInt64(entry.kind.rawValue) << 32
      | UInt64(entry.room.name.count) << 40 | UInt64(entry.file.count) << 48
    var words: InlineArray<7, UInt64> = [
      0, position.littleEndian, shape.littleEndian,
      UInt64(bitPattern: entry.timeMilliseconds).littleEndian, firstSequence.littleEndian,
      roomPosition.littleEndian, UInt64(entry.lineCount).littleEndian,
    ]
    words[0] =
      words.span.withUnsafeBytes { checksum($0, entry.payloadHash, identity) }.littleEndian
    return words
  }

  /// Makes some bytes a record that says nothing.
  static func fill(
    _ bytes: UnsafeMutableRawBufferPointer, at position: UInt64, identity: UInt64
  ) {
    for index in 0..<headerBytes { bytes[index] = 0 }
    bytes.storeBytes(of: position.littleEndian, toByteOffset: 8, as: UInt64.self)
    erase(bytes, identity: identity)
  }

  /// Overwrites what a record says with zeros; the record stays one.
  ///
  /// - Parameter bytes: the record's own.
  static func erase(_ bytes: UnsafeMutableRawBufferPointer, identity: UInt64) {
    let shape = UInt64(bytes.count) | UInt64(Kind.erased.rawValue) << 32
    for index in headerBytes..<bytes.count { bytes[index] = 0 }
    bytes.storeBytes(of: shape.littleEndian, toByteOffset: 16, as: UInt64.self)
    let all = UnsafeRawBufferPointer(bytes)
    let sum = checksum(all, payloadHash(all, nameLength: 0, fileLength: 0), identity)
    bytes.storeBytes(of: sum.littleEndian, toByteOffset: 0, as: UInt64.self)
  }

  // MARK: Reading

  /// How many bytes the record has that begins here, if it is one of this position; the rest of it is not looked at.
  ///
  /// - Parameter bytes: a header's at least.
  static func byteCount(_ bytes: UnsafeRawBufferPointer, at position: UInt64) -> Int? {
    guard word(bytes, 8) == position else { return nil }
    let shape = word(bytes, 16)
    let (count, name, file) = (Int(shape & 0xFFFF_FFFF), Int(shape >> 40 & 0xFF), Int(shape >> 48))
    guard count >= headerBytes + name + file, count <= longest else { return nil }
    return count
  }

  /// Reads a record.
  ///
  /// - Parameter bytes: its own, as `byteCount` counts them.
  /// - Returns: `nil` if it is not what was written.
  init?(_ bytes: UnsafeRawBufferPointer, at position: UInt64, identity: UInt64) {
    guard Self.byteCount(bytes, at: position) == bytes.count else { return nil }
    let shape = Self.word(bytes, 16)
    let (nameLength, fileLength) = (Int(shape >> 40 & 0xFF), Int(shape >> 48))
    let hash = Self.payloadHash(bytes, nameLength: nameLength, fileLength: fileLength)
    guard Self.word(bytes, 0) == Self.checksum(bytes, hash, identity),
      let kind = Kind(rawValue: UInt8(shape >> 32 & 0xFF))
    else { return nil }
    self.kind = kind
    self.position = position
    end = Self.end(of: position, bytes.count)
    timeMilliseconds = Int64(bitPattern: Self.word(bytes, 24))
    firstSequence = Self.word(bytes, 32)
    roomPosition = Self.word(bytes, 40)
    lineCount = Int(Self.word(bytes, 48) & 0xFFFF_FFFF)
    let fileStart = Self.headerBytes + nameLength
    roomName = UnsafeRawBufferPointer(rebasing: bytes[Self.headerBytes..<fileStart])
    fileFields = UnsafeRawBufferPointer(rebasing: bytes[fileStart..<fileStart + fileLength])
    lines = UnsafeRawBufferPointer(rebasing: bytes[(fileStart + fileLength)...])
    guard kind != .lines || isPossible else { return nil }
  }

  /// Whether it can be what a room said: its checksum holds also if another program made it up.
  private var isPossible: Bool {
    guard firstSequence < Self.lastNumber, roomPosition < Self.lastNumber else { return false }
    var (found, start) = (0, 0)
    while let lineFeed = lines.firstIndex(of: 0x0A, from: start) {
      found += 1
      start = lineFeed + 1
    }
    return found == lineCount && start == lines.count
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  private static func checksum(
    _ record: UnsafeRawBufferPointer, _ payloadHash: UInt64, _ identity: UInt64
  ) -> UInt64 {
    XXHash64.hash(
      UnsafeRawBufferPointer(rebasing: record[8..<headerBytes]), seed: payloadHash ^ identity)
  }

  /// The same that an entry has: of the name, then of the file's fields, then of the lines, each seeded with the last.
  private static func payloadHash(
    _ record: UnsafeRawBufferPointer, nameLength: Int, fileLength: Int
  ) -> UInt64 {
    let fileStart = headerBytes + nameLength
    let linesStart = fileStart + fileLength
    func hash(_ range: Range<Int>, _ seed: UInt64) -> UInt64 {
      XXHash64.hash(UnsafeRawBufferPointer(rebasing: record[range]), seed: seed)
    }
    let name = hash(headerBytes..<fileStart, 0)
    let file = fileLength == 0 ? name : hash(fileStart..<linesStart, name)
    return hash(linesStart..<record.count, file)
  }
}
