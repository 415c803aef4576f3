import ChatSystem
import Foundation

/// Many connections in one room, on one thread: the load, and the check that nothing was lost, doubled
/// or reordered.
final class Swarm {
  /// One connection.
  final class Member {
    let index: Int
    let stream: ChatSystem.Stream
    fileprivate var output: [UInt8] = []
    fileprivate var sentBytes = 0
    /// LFs received since the marker; `nil` before it.
    fileprivate(set) var lines: Int?
    fileprivate var partial: [UInt8] = []
    /// The next number expected of each sender.
    fileprivate var expected: [Int]
    var isPaused = false

    fileprivate init(index: Int, stream: ChatSystem.Stream, senders: Int) {
      self.index = index
      self.stream = stream
      expected = [Int](repeating: 0, count: senders)
    }

    fileprivate var hasSent: Bool { sentBytes == output.count }

    /// It has nothing left to say.
    var isIdle: Bool { hasSent }
  }

  fileprivate static let bufferBytes = 262_144

  let subject: any Subject
  let size: Int
  private(set) var members: [Member] = []
  let senders: Int
  /// Called for each text that arrives at a member that is checked, with the text's time.
  var onText: ((Int64) -> Void)?

  private var buffer = [UInt8](repeating: 0, count: bufferBytes)
  /// Every so many-th member has each of its lines looked at; all have them counted.
  private let checkEvery: Int
  private var entries: [pollfd] = []

  /// Lets so many in, one after another, and waits until all of them hear the same.
  init(
    _ server: RunningServer, count: Int, senders: Int, size: Int, checkEvery: Int,
    prefix: String = "u"
  ) throws {
    subject = server.subject
    self.size = size
    self.senders = senders
    self.checkEvery = checkEvery
    // Some servers take a second for each: they are begun all at once.
    let connections = try (0..<count).map { index in
      let connection = try LineConnection(port: server.port)
      connection.stream.sendAtOnce()
      try subject.begin(connection, name: "\(prefix)\(index)")
      return connection
    }
    for connection in connections { try subject.proceed(connection) }
    for (index, connection) in connections.enumerated() {
      try subject.enter(connection)
      members.append(Member(index: index, stream: connection.stream, senders: senders))
    }
    // A marker from the first, after which everyone counts.
    members[0].output = subject.encode(Message.text(sender: 999, number: 0, size: size))
    if !subject.echoes { members[0].lines = 0 }
    try pump(within: .seconds(60)) { members.allSatisfy { $0.lines != nil } }
  }

  /// Has a sender say something.
  func say(_ bytes: [UInt8], from sender: Int) { members[sender].output.append(contentsOf: bytes) }

  /// Whether all that was to be said has been given to the system.
  var hasSent: Bool { members[..<senders].allSatisfy(\.hasSent) }

  /// How many of a sender's texts a member that is checked has heard.
  func heard(_ sender: Int, by member: Member) -> Int { member.expected[sender] }

  /// Whether everyone who is checked heard each sender exactly up to these numbers.
  func isComplete(upTo numbers: [Int]) -> Bool {
    members.filter { $0.index % checkEvery == 0 && !$0.isPaused }.allSatisfy { member in
      numbers.indices.allSatisfy {
        member.expected[$0] == numbers[$0] || (!subject.echoes && $0 == member.index)
      }
    }
  }

  /// Reads and writes until it is so.
  func pump(within limit: Duration, until isSo: () throws -> Bool) throws {
    let deadline = MonotonicTime.now + limit
    while try !isSo() {
      guard MonotonicTime.now < deadline else { throw BenchError("not done within \(limit)") }
      try pump(milliseconds: 100)
    }
  }

  /// Waits for something to happen, and does it.
  func pump(milliseconds: Int32) throws {
    entries.removeAll(keepingCapacity: true)
    for member in members {
      let events = (member.isPaused ? 0 : POLLIN) | (member.hasSent ? 0 : POLLOUT)
      // A negative descriptor is passed over (poll(2)).
      entries.append(
        pollfd(fd: events == 0 ? -1 : member.stream.number, events: Int16(events), revents: 0))
    }
    guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return }
    for index in entries.indices where entries[index].revents != 0 {
      let member = members[index]
      let events = entries[index].revents
      if events & Int16(POLLOUT) != 0 { try write(member) }
      if events & Int16(POLLIN | POLLHUP | POLLERR) != 0 { try read(member) }
    }
  }

  private func write(_ member: Member) throws {
    let sent = try member.output.withUnsafeBytes {
      try member.stream.send(UnsafeRawBufferPointer(rebasing: $0[member.sentBytes...]))
    }
    member.sentBytes += sent ?? 0
    guard member.hasSent else { return }
    member.output.removeAll(keepingCapacity: true)
    member.sentBytes = 0
  }

  private func read(_ member: Member) throws {
    let count = buffer.withUnsafeMutableBytes {
      recv(member.stream.number, $0.baseAddress, $0.count, 0)
    }
    guard count > 0 else { throw BenchError("\(subject.name) closed a connection") }
    try buffer.withUnsafeBytes { bytes in
      let chunk = UnsafeRawBufferPointer(rebasing: bytes[..<count])
      if member.lines == nil {
        findMarker(member, chunk)
      } else {
        try take(member, chunk)
      }
    }
  }

  private func findMarker(_ member: Member, _ chunk: UnsafeRawBufferPointer) {
    member.partial.append(contentsOf: chunk)
    let isIn = member.partial.withUnsafeBytes { bytes in
      var start = 0
      while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = Self.line(bytes, start, end)
        if Message.parse(line, size: size)?.sender == 999 { return true }
        start = end + 1
      }
      return false
    }
    guard isIn else { return }
    member.partial = []
    member.lines = 0
  }

  private func take(_ member: Member, _ chunk: UnsafeRawBufferPointer) throws {
    member.lines = (member.lines ?? 0) + Self.lineFeeds(in: chunk)
    guard member.index % checkEvery == 0 else { return }
    guard member.partial.isEmpty else {
      let whole = member.partial + Array(chunk)
      member.partial = []
      return try whole.withUnsafeBytes { try check(member, $0) }
    }
    try check(member, chunk)
  }

  /// How many LFs there are, eight bytes at a time: each byte of `differs` is zero where an LF is, and
  /// the sum marks zero bytes by their highest bit (H. Warren, Hacker's Delight, 6-1).
  private static func lineFeeds(in bytes: UnsafeRawBufferPointer) -> Int {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    var count = 0
    var index = 0
    while index &+ 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let differs = word ^ 0x0A0A_0A0A_0A0A_0A0A
      count &+= (~(((differs & low) &+ low) | differs | low)).nonzeroBitCount
      index &+= 8
    }
    while index < bytes.count {
      count &+= bytes[index] == 10 ? 1 : 0
      index &+= 1
    }
    return count
  }

  /// Looks at each line, and keeps the last if it is cut off.
  private func check(_ member: Member, _ bytes: UnsafeRawBufferPointer) throws {
    var start = 0
    while start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, 10, bytes.count - start)
    {
      let end = UnsafeRawPointer(found) - base
      if let text = Message.parse(Self.line(bytes, start, end), size: size) {
        guard text.sender < senders, member.expected[text.sender] == text.number else {
          throw BenchError(
            "\(subject.name): number \(text.number) of sender \(text.sender), not"
              + " \(text.sender < senders ? member.expected[text.sender] : -1)")
        }
        member.expected[text.sender] += 1
        onText?(text.nanoseconds)
      }
      start = end + 1
    }
    if start < bytes.count { member.partial = Array(bytes[start...]) }
  }

  private static func line(
    _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
  ) -> UnsafeRawBufferPointer {
    let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
    return UnsafeRawBufferPointer(rebasing: bytes[start..<(hasReturn ? end - 1 : end)])
  }
}
