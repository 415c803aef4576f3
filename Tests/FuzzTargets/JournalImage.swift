internal import ChatHistory
internal import ChatSystem

/// The bytes of a journal's file. They are made and checked here without the code that is fuzzed, as `JournalRecord` and
/// `JournalHeader` describe the format.
struct JournalImage {
  /// What lies in it before the input changes it.
  enum Content { case nothing, everyKind, wrapped }

  private static let pageBytes = 65_536
  private static let recordHeaderBytes = 56
  private static let identity: UInt64 = 0x1122_3344_5566_7788

  private static let everyKind = {
    var image = JournalImage(start: 0)
    let digest = [UInt8](repeating: 0xAB, count: 32)
    let file =
      [48] + [UInt8](repeating: 0, count: 7) + digest + [2, 0, 0x35, 0x66, 1, 0, 0x61, 0, 0]
    image.append(1, "lobby", lines: "alice: hi\nbob: hello\n")
    image.append(1, "lobby", fields: file, lines: "alice sent a.txt (48 B)\n")
    image.append(1, "*room", lines: "zoe: in private\n")
    image.append(2, "*room", lines: "")
    image.append(3, "", lines: String(repeating: "\0", count: 200))
    image.append(1, "lobby", lines: String(repeating: "x", count: 40_000) + "\n")
    return image
  }()

  private static let wrapped = {
    var image = JournalImage(start: 3 * 65_536 + 40_000)
    var starts: [UInt64] = []
    while image.end < image.start + 98_304 {
      starts.append(image.end)
      let length = 100 + starts.count * 977 % 2_000
      image.append(
        1, starts.count % 3 == 0 ? "*room" : "lobby",
        lines: String(repeating: "y", count: length) + "\n")
    }
    image.tail = starts.first { $0 >= image.end - 60_000 } ?? image.start
    return image
  }()

  /// The file.
  private(set) var bytes: [UInt8]
  /// Where its first record began.
  private let start: UInt64
  /// Where the oldest record is that the database lacks.
  private(set) var tail: UInt64
  private var end: UInt64
  /// The room's number of the next line, and its position there: every room has the same.
  private var next: (sequence: UInt64, position: UInt64) = (1, 0)

  private init(start: UInt64) {
    (self.start, tail, end) = (start, start, start)
    bytes = [UInt8](repeating: 0, count: 2 * Self.pageBytes)
    for (index, word) in [
      0x4C4E_524A_5441_4843, 1, Self.identity, start, UInt64(Self.pageBytes),
    ].enumerated() {
      Self.store(word, in: &bytes, at: 8 * index)
    }
    sealHeader()
  }

  /// Takes one that is ready.
  static func with(_ content: Content) -> JournalImage {
    switch content {
    case .nothing: JournalImage(start: 0)
    case .everyKind: everyKind
    case .wrapped: wrapped
    }
  }

  /// How many bytes the ring has; 0 if the file is too short for one.
  var ringBytes: Int { max(0, bytes.count - Self.pageBytes) }

  // MARK: Changes

  /// Makes the file longer or shorter.
  mutating func resize(to count: Int) {
    bytes = Array(bytes.prefix(count)) + [UInt8](repeating: 0, count: max(0, count - bytes.count))
  }

  /// Lays bytes over the header.
  mutating func changeHeader(at offset: Int, to new: [UInt8]) {
    for (index, byte) in new.enumerated() where offset + index < bytes.count {
      bytes[offset + index] = byte
    }
  }

  /// Lays bytes over the ring.
  mutating func changeRing(at position: UInt64, to new: [UInt8]) {
    guard ringBytes > 0 else { return }
    for (index, byte) in new.enumerated() {
      bytes[Self.pageBytes + Int((position &+ UInt64(index)) % UInt64(ringBytes))] = byte
    }
  }

  /// Makes the header's checksum right.
  mutating func sealHeader() {
    guard bytes.count >= 48 else { return }
    let sum = Array(bytes[..<40]).withUnsafeBytes { XXHash64.hash($0) }
    Self.store(sum, in: &bytes, at: 40)
  }

  /// Makes positions and checksums of records right, one after another from the tail on, as far as their lengths can
  /// be.
  mutating func sealRecords() {
    guard ringBytes > 0 else { return }
    var position = tail
    for _ in 0..<200 {
      let count = Int(Self.word(ring(at: position, 24), 16) & 0xFFFF_FFFF)
      guard (Self.recordHeaderBytes...ringBytes).contains(count) else { return }
      var record = ring(at: position, count)
      Self.store(position, in: &record, at: 8)
      guard let sum = Self.checksum(record, Self.word(bytes, 16)) else { return }
      Self.store(sum, in: &record, at: 0)
      changeRing(at: position, to: record)
      position += UInt64((count + 7) & ~7)
    }
  }

  private mutating func append(
    _ kind: UInt8, _ room: String, fields: [UInt8] = [], lines: String
  ) {
    let payload = Array(room.utf8) + fields + Array(lines.utf8)
    var record = [UInt8](repeating: 0, count: Self.recordHeaderBytes) + payload
    let lineCount = UInt64(lines.utf8.count { $0 == 0x0A })
    let shape =
      UInt64(record.count) | UInt64(kind) << 32 | UInt64(room.utf8.count) << 40
      | UInt64(fields.count) << 48
    let numbers = [1_769_860_800_000, next.sequence, next.position, lineCount]
    for (index, word) in ([end, shape] + numbers).enumerated() {
      Self.store(word, in: &record, at: 8 + 8 * index)
    }
    Self.store(Self.checksum(record, Self.identity) ?? 0, in: &record, at: 0)
    changeRing(at: end, to: record)
    next = (next.sequence + lineCount, next.position + UInt64(lines.utf8.count))
    end += UInt64((record.count + 7) & ~7)
  }

  // MARK: Checks

  /// What is handed over is what lies there, and its checksum holds.
  func check(_ record: JournalRecord) {
    let count = Int(Self.word(ring(at: record.position, 24), 16) & 0xFFFF_FFFF)
    demand(count <= ringBytes, "a record of \(count) bytes in a ring of \(ringBytes)")
    let found = ring(at: record.position, count)
    demand(
      Self.checksum(found, Self.word(bytes, 16)) == Self.word(found, 0)
        && Self.word(found, 8) == record.position, "a record that was not written")
    demand(
      record.end == record.position + UInt64((count + 7) & ~7), "a record that ends elsewhere")
    demand(
      found.suffix(record.lines.count).elementsEqual(record.lines)
        && found[Self.recordHeaderBytes...].starts(with: record.room.utf8)
          == (String(validating: name(of: found), as: UTF8.self) != nil),
      "not its own bytes")
  }

  private func name(of record: [UInt8]) -> ArraySlice<UInt8> {
    record[Self.recordHeaderBytes...].prefix(Int(record[21]))
  }

  /// Bytes of the ring, also over its end.
  private func ring(at position: UInt64, _ count: Int) -> [UInt8] {
    let offset = Int(position % UInt64(ringBytes))
    let first = bytes[(Self.pageBytes + offset)...].prefix(count)
    return Array(first + bytes[Self.pageBytes...].prefix(count - first.count))
  }

  /// `nil` if its parts are longer than it is.
  private static func checksum(_ record: [UInt8], _ identity: UInt64) -> UInt64? {
    let nameEnd = recordHeaderBytes + Int(record[21])
    let fieldsEnd = nameEnd + Int(record[22]) + Int(record[23]) << 8
    guard fieldsEnd <= record.count else { return nil }
    func hash(_ range: Range<Int>, _ seed: UInt64) -> UInt64 {
      Array(record[range]).withUnsafeBytes { XXHash64.hash($0, seed: seed) }
    }
    var sum = hash(recordHeaderBytes..<nameEnd, 0)
    if fieldsEnd > nameEnd { sum = hash(nameEnd..<fieldsEnd, sum) }
    return hash(8..<recordHeaderBytes, hash(fieldsEnd..<record.count, sum) ^ identity)
  }

  private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
    bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func store(_ word: UInt64, in bytes: inout [UInt8], at offset: Int) {
    for index in 0..<8 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))
    }
  }
}
