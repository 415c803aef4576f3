package import ChatCore
package import ChatSystem

/// Records of the journal as they are archived: lines of a room that follow each other become one group. Pure.
///
/// A group is a row of the database. To read one line of it, all of it is read, so it has a limit; and all its lines have
/// one time.
package struct ArchiveBatch {
  /// The most bytes of a group, unless a single line has more.
  package static let groupBytes = 32_768
  /// Lines of one group were said within so many milliseconds.
  package static let groupMilliseconds: Int64 = 10

  /// Lines of a room that follow each other.
  package struct Lines {
    /// The room's name.
    package let room: String
    /// The number of the first line.
    package var firstSequence: UInt64
    /// How many lines they are.
    package var lineCount: Int
    /// The position of the first byte in the room.
    package var position: UInt64
    /// When they were said: milliseconds since 1970, UTC.
    package let timeMilliseconds: Int64
    /// The lines, each with its LF.
    package var bytes: [UInt8]
    /// The files that some of them announce, each with its line's number.
    package var files: [SharedFile]

    /// Describes lines.
    package init(
      room: String, firstSequence: UInt64, lineCount: Int, position: UInt64,
      timeMilliseconds: Int64, bytes: [UInt8], files: [SharedFile] = []
    ) {
      self.room = room
      self.firstSequence = firstSequence
      self.lineCount = lineCount
      self.position = position
      self.timeMilliseconds = timeMilliseconds
      self.bytes = bytes
      self.files = files
    }

    var nextSequence: UInt64 { firstSequence + UInt64(lineCount) }
    var endPosition: UInt64 { position + UInt64(bytes.count) }

    /// The lines after a number; `nil` if there are none.
    func dropping(through sequence: UInt64) -> Lines? {
      guard sequence >= firstSequence else { return self }
      guard sequence + 1 < nextSequence else { return nil }
      var rest = self
      var missing = Int(sequence - firstSequence + 1)
      guard
        let lineFeed = bytes.firstIndex(where: { byte in
          if byte == UInt8(ascii: "\n") { missing -= 1 }
          return missing == 0
        })
      else { return nil }
      rest.bytes.removeFirst(lineFeed + 1)
      rest.position += UInt64(lineFeed + 1)
      rest.lineCount -= Int(sequence - firstSequence + 1)
      rest.firstSequence = sequence + 1
      return rest
    }
  }

  /// What one row, or one change of a row, will be.
  package enum Item {
    case lines(Lines)
    /// A private room's last member left.
    case emptied(room: String, timeMilliseconds: Int64)
  }

  /// What is to be archived: of each room in the order in which it was said.
  package private(set) var items: [Item] = []
  /// How many bytes of lines it has.
  package private(set) var byteCount = 0
  /// The last item of each room, if more lines can be added to it.
  private var open: [String: Int] = [:]

  /// Where the times of empty rooms come from; `nil` for what an earlier server wrote, whose clock is not known.
  private let steadyClock: SteadyClock?

  /// Nothing is to be archived yet.
  package init(steadyClock: SteadyClock? = nil) { self.steadyClock = steadyClock }

  /// These groups as they are.
  package init(_ groups: [Lines]) {
    self.init()
    items = groups.map { .lines($0) }
  }

  /// Adds a record.
  package mutating func add(_ record: JournalRecord) {
    let room = record.room
    switch record.kind {
    case .erased: break
    case .emptied:
      open[room] = nil
      items.append(
        .emptied(
          room: room,
          timeMilliseconds: steadyClock?.milliseconds(at: record.emptiedReading)
            ?? record.timeMilliseconds))
    case .lines: add(record, of: room)
    }
  }

  private mutating func add(_ record: JournalRecord, of room: String) {
    byteCount += record.lines.count
    var rest = record.lines[...]
    var (sequence, position) = (record.firstSequence, record.roomPosition)
    var linesLeft = record.lineCount
    var file = record.file
    while !rest.isEmpty {
      let index = group(for: record, of: room, sequence, position)
      guard case .lines(var lines) = items[index] else { return }
      // Taken out meanwhile, so that its bytes are not copied.
      items[index] = .emptied(room: "", timeMilliseconds: 0)
      let part = Self.part(
        of: rest, fitting: Self.groupBytes - lines.bytes.count, isFirst: lines.bytes.isEmpty)
      if part.count < rest.count { open[room] = nil }
      var count = linesLeft
      if part.count < rest.count { count = part.count { $0 == UInt8(ascii: "\n") } }
      lines.bytes += part
      lines.lineCount += count
      if !part.isEmpty, let announced = file {
        lines.files.append(announced)
        file = nil
      }
      items[index] = .lines(lines)
      sequence += UInt64(count)
      position += UInt64(part.count)
      linesLeft -= count
      rest = rest[part.endIndex...]
    }
  }

  /// The place of the group that a line goes into: one that is there, or a new one.
  private mutating func group(
    for record: JournalRecord, of room: String, _ sequence: UInt64, _ position: UInt64
  ) -> Int {
    if let index = open[room], case .lines(let lines) = items[index],
      lines.nextSequence == sequence, lines.endPosition == position,
      record.timeMilliseconds >= lines.timeMilliseconds,
      // The distance of any two times, without overflow.
      UInt64(bitPattern: record.timeMilliseconds &- lines.timeMilliseconds)
        <= Self.groupMilliseconds
    {
      return index
    }
    items.append(
      .lines(
        Lines(
          room: room, firstSequence: sequence, lineCount: 0, position: position,
          timeMilliseconds: record.timeMilliseconds, bytes: [])))
    open[room] = items.count - 1
    return items.count - 1
  }

  /// As many whole lines as fit, or one that is longer.
  private static func part(
    of lines: Slice<UnsafeRawBufferPointer>, fitting space: Int, isFirst: Bool
  ) -> Slice<UnsafeRawBufferPointer> {
    guard lines.count > space else { return lines }
    let lineFeed = UInt8(ascii: "\n")
    if let end = lines.prefix(max(0, space)).lastIndex(of: lineFeed) { return lines[...end] }
    guard isFirst else { return lines.prefix(0) }
    return lines[...(lines.firstIndex(of: lineFeed) ?? lines.endIndex - 1)]
  }
}
