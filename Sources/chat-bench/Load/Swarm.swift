import ChatSystem
import Foundation

/// Many connections on one thread: the load, and the check that nothing is lost, duplicated or reordered.
///
/// Some members have each of their lines checked. Of the others, the bytes are counted and not even copied: all texts of a
/// run have the same length, so the total is exact.
final class Swarm {
  fileprivate static let bufferBytes = 262_144
  /// How many bytes are discarded at once (tcp(7), MSG_TRUNC).
  private static let discardBytes = 1 << 24
  /// From how many bytes on discarding them is cheaper than copying them: each frame takes two calls then.
  private static let longFrameBytes = 8_192
  /// The header of a long frame of less than 64 KiB.
  private static let headerBytes = 4
  /// So many calls receive for one member before it is the next one's turn.
  private static let callsAtOnce = 256

  let subject: any Subject
  let size: Int
  let rooms: Int
  let senders: Int
  private(set) var members: [Member] = []
  /// The length of a text when it arrives.
  private(set) var bytesPerText = 0
  /// Called for each text that arrives at a checked member that is not paused, with the text's time and the current time.
  var onText: ((_ said: Int64, _ now: Int64) -> Void)?

  private let readiness: ReadinessSet
  private var buffer = [UInt8](repeating: 0, count: bufferBytes)

  /// Connects `count` members, and waits until all of them receive the same lines.
  ///
  /// - Parameters:
  ///   - rooms: how many rooms the members are spread over, in turn.
  ///   - senders: how many of the first members will send.
  ///   - checkEvery: 10 means that every tenth member of a room has each of its lines checked.
  init(
    _ server: RunningServer, _ subject: any Subject, count: Int, rooms: Int = 1, senders: Int,
    size: Int, checkEvery: Int, prefix: String = "u"
  ) throws {
    self.subject = subject
    self.size = size
    self.rooms = rooms
    self.senders = senders
    readiness = try ReadinessSet()
    // Names of equal length make texts of equal length.
    let digits = String(count - 1).count
    // Some servers take a second for each handshake: all are started at once.
    let connections = try (0..<count).map { index in
      let connection = try subject.connect(to: server.port)
      let number = String(index)
      let zeros = String(repeating: "0", count: digits - number.count)
      try subject.begin(connection, name: prefix + zeros + number, room: room(of: index))
      return connection
    }
    for (index, connection) in connections.enumerated() {
      try subject.proceed(connection, room: room(of: index))
    }
    for (index, connection) in connections.enumerated() {
      try subject.enter(connection)
      let member = Member(index: index, room: index % rooms, connection)
      if (index / rooms) % checkEvery == 0 {
        member.check = OrderCheck(senders: senders, size: size, hasAuthors: subject.hasAuthors)
      }
      members.append(member)
      try watch(member)
      // What came with the handshake's last bytes is received already.
      if member.isEncrypted { try read(member) }
    }
    try mark(0) { $0.phase != .entering }
    try mark(1) { $0.phase == .counting }
  }

  /// The name of a member's room; `nil` if there is only one.
  private func room(of index: Int) -> String? {
    guard rooms > 1 else { return nil }
    let number = index % rooms
    return "r" + (number < 10 ? "0" : "") + "\(number)"
  }

  /// The texts of a sender.
  func template(_ sender: Int) -> Message.Template {
    let around = subject.around(size, room: room(of: sender))
    return Message.Template(
      sender: sender, size: size, before: around.before, after: around.after)
  }

  // MARK: Sending

  /// Has a sender send bytes.
  func say(_ bytes: [UInt8], from sender: Int) throws {
    let member = members[sender]
    member.output.append(contentsOf: bytes)
    try write(member)
  }

  /// Whether the system has taken everything that was to be sent.
  var hasSent: Bool { members[..<senders].allSatisfy(\.hasSent) }

  // MARK: What arrived

  /// How many texts a member has received.
  func heard(by member: Member) -> Int {
    subject.hasAuthors ? member.lines : member.bytes / bytesPerText
  }

  /// Whether a member has received each of its room's senders exactly up to these numbers.
  func hasHeard(_ member: Member, upTo numbers: [Int]) -> Bool {
    var total = 0
    for sender in numbers.indices where sender % rooms == member.room {
      if sender == member.index && !subject.echoes { continue }
      total += numbers[sender]
      if let check = member.check, check.expected[sender] != numbers[sender] { return false }
    }
    // A checked member needs no count, which would include lines about members that leave.
    if member.check != nil { return true }
    guard !subject.hasAuthors else { return member.lines == total }
    // A server rarely adds lines of its own.
    let unasked = member.bytes - total * bytesPerText
    return unasked == 0
      || (subject.unaskedBytes > 0 && (0...3).contains { unasked == $0 * subject.unaskedBytes })
  }

  // MARK: Events

  /// Pauses a member's reading, or resumes it.
  func pause(_ member: Member, _ isPaused: Bool) throws {
    member.isPaused = isPaused
    try watch(member)
  }

  /// Reads and writes until a condition is met.
  func pump(within limit: Duration, until isSo: () throws -> Bool) throws {
    let deadline = MonotonicTime.now + limit
    while try !isSo() {
      guard MonotonicTime.now < deadline else {
        throw BenchError("a text was lost or doubled, or is not there after \(limit)")
      }
      try pump(milliseconds: 100)
    }
  }

  /// Waits for events, and handles them.
  func pump(milliseconds: Int32) throws {
    try readiness.wait(milliseconds: milliseconds) { token, ready in
      let member = members[token]
      if ready.contains(.sending) { try write(member) }
      if ready.contains(.receiving), !member.isPaused { try read(member) }
    }
  }

  private func watch(_ member: Member) throws {
    var interest: ReadinessSet.Interest = []
    if !member.isPaused && !member.isClosed { interest.insert(.receiving) }
    if !member.hasSent && !member.isClosed { interest.insert(.sending) }
    guard interest != member.interest else { return }
    try readiness.change(
      member.stream.number, token: member.index, from: member.interest, to: interest)
    member.interest = interest
  }

  private func write(_ member: Member) throws {
    if member.isHeld { member.isHeld = try member.stream.flush() != nil }
    while !member.hasSent && !member.isHeld {
      let sent = try member.output.withUnsafeBytes {
        try member.stream.send(UnsafeRawBufferPointer(rebasing: $0[member.sentBytes...]))
      }
      member.sentBytes += sent.count
      if sent.blockedOn != nil {
        member.isHeld = member.isEncrypted
        break
      }
    }
    if member.hasSent {
      member.output.removeAll(keepingCapacity: true)
      member.sentBytes = 0
    }
    try watch(member)
  }

  /// Receives what has arrived for a member, or a part of it, without waiting. Marks a member that was disconnected.
  func read(_ member: Member, atMost limit: Int = .max) throws {
    guard !member.isEncrypted else { return try readEncrypted(member) }
    guard member.frames == nil else { return try readFrames(member) }
    let isDiscarded = isDiscarded(member)
    let count: Int
    if isDiscarded {
      count = recv(
        member.stream.number, nil, min(limit, Self.discardBytes), Int32(MSG_TRUNC | MSG_DONTWAIT))
    } else {
      count = buffer.withUnsafeMutableBytes {
        recv(member.stream.number, $0.baseAddress, min(limit, $0.count), Int32(MSG_DONTWAIT))
      }
    }
    guard try hasReceived(member, count) else { return }
    guard !isDiscarded else {
      member.bytes += count
      return
    }
    try take(member, count)
  }

  /// Whether nobody looks at what a member receives.
  private func isDiscarded(_ member: Member) -> Bool {
    member.phase == .counting && member.check == nil && !subject.hasAuthors
  }

  /// Whether recv(2) has received anything. Marks a member that was disconnected.
  private func hasReceived(_ member: Member, _ count: Int) throws -> Bool {
    if count > 0 { return true }
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return false }
    try close(member)
    return false
  }

  /// Receives what has arrived for a member over WebSocket. What a long frame carries is discarded, as everything is for a
  /// member without frames; behind it comes most often another long one, of which the header alone is received.
  private func readFrames(_ member: Member) throws {
    let isDiscarded = isDiscarded(member)
    for _ in 0..<Self.callsAtOnce {
      guard let frames = member.frames else { return }
      let wanted: Int
      let count: Int
      if isDiscarded && frames.leftBytes >= Self.longFrameBytes {
        wanted = frames.leftBytes
        count = recv(member.stream.number, nil, wanted, Int32(MSG_TRUNC | MSG_DONTWAIT))
        guard try hasReceived(member, count) else { return }
        member.frames?.skip(count)
        member.bytes += count
      } else {
        let isLong = isDiscarded && frames.payloadBytes >= Self.longFrameBytes
        wanted = isLong ? frames.leftBytes + Self.headerBytes : buffer.count
        count = buffer.withUnsafeMutableBytes {
          recv(member.stream.number, $0.baseAddress, wanted, Int32(MSG_DONTWAIT))
        }
        guard try hasReceived(member, count) else { return }
        try take(member, count)
      }
      // There was no more.
      if count < wanted { return }
    }
  }

  /// Receives all that has arrived for a member over TLS: epoll(7) knows nothing of what was received and not taken.
  private func readEncrypted(_ member: Member) throws {
    while true {
      switch try member.stream.receiveIfReady(into: &buffer) {
      case .bytes(let count): try take(member, count)
      case .wouldBlock: return
      case .end: return try close(member)
      }
    }
  }

  private func close(_ member: Member) throws {
    member.isClosed = true
    try watch(member)
    if !member.isPaused { throw BenchError("closed a connection") }
  }

  /// Takes what was received into the buffer, without its frames.
  private func take(_ member: Member, _ count: Int) throws {
    try buffer.withUnsafeBytes { buffer in
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      guard member.frames != nil else { return try take(member, bytes) }
      var position = 0
      while let part = try member.frames?.next(in: bytes, from: &position) {
        try take(member, UnsafeRawBufferPointer(rebasing: bytes[part]))
      }
    }
  }

  private func take(_ member: Member, _ chunk: UnsafeRawBufferPointer) throws {
    guard member.phase == .counting else { return findMarkers(member, chunk) }
    member.bytes += chunk.count
    if subject.hasAuthors { member.lines += Self.lineFeeds(in: chunk) }
    guard member.check != nil else { return }
    if member.isPaused { member.tail = (member.tail + chunk.suffix(256)).suffix(256) }
    guard let onText, !member.isPaused else {
      try member.check?.take(chunk, onText: nil)
      return
    }
    let now = MonotonicTime.now.nanoseconds
    try member.check?.take(chunk) { onText($0, now) }
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

  // MARK: The beginning

  /// Has the first member of each room send a marker, and waits until all have received it.
  private func mark(_ number: Int, until isIn: (Member) -> Bool) throws {
    for room in 0..<rooms {
      let around = subject.around(size, room: self.room(of: room))
      var template = Message.Template(
        sender: Message.markerSender, size: size, before: around.before, after: around.after)
      var bytes: [UInt8] = []
      template.append(number, to: &bytes)
      if !subject.echoes { members[room].phase = number == 0 ? .calibrating : .counting }
      try say(bytes, from: room)
    }
    let chunk = UnsafeRawBufferPointer(start: nil, count: 0)
    for member in members where member.phase != .counting { findMarkers(member, chunk) }
    try pump(within: .seconds(60)) { members.allSatisfy(isIn) }
  }

  private func findMarkers(_ member: Member, _ chunk: UnsafeRawBufferPointer) {
    member.early.append(contentsOf: chunk)
    let early = member.early
    let used = early.withUnsafeBytes { bytes in
      /// Where the unprocessed bytes begin.
      var first = 0
      var start = 0
      while let base = bytes.baseAddress, start < bytes.count,
        let found = memchr(base + start, 10, bytes.count - start)
      {
        let end = UnsafeRawPointer(found) - base
        let text = Message.parse(OrderCheck.line(bytes, start, end), size: size)
        start = end + 1
        let isMarker = text?.sender == Message.markerSender
        // Lines before the first marker are ignored; between the two, all bytes count.
        if member.phase == .entering { first = start }
        guard isMarker, let text else { continue }
        guard text.number == 0 else {
          // Lines that the server added in between make it more for some members, never less.
          let bytes = start - first
          bytesPerText = bytesPerText == 0 ? bytes : min(bytesPerText, bytes)
          member.phase = .counting
          return start
        }
        member.phase = .calibrating
      }
      return first
    }
    member.early.removeFirst(used)
    guard member.phase == .counting else { return }
    member.bytes = member.early.count
    member.early = []
  }
}
