import ChatSystem
import Foundation

/// Many clients on one thread, who check that all of them see the same stream.
///
/// From a marker line on, the first to see a byte adds it to `agreed`, and everyone else's has to be
/// the same. Thread: one at a time.
package final class Crowd {
  /// One client.
  package final class Member {
    package let nickname: String
    fileprivate let stream: TCPTransport
    /// What it has received before the marker.
    fileprivate var prelude: [UInt8] = []
    /// It has been greeted.
    fileprivate var isIn = false
    /// How much of the agreed stream it has seen; `nil` before the marker.
    package fileprivate(set) var position: Int?
    fileprivate var output: [UInt8] = []
    fileprivate var sentBytes = 0
    /// It does not read.
    package var isPaused = false
    /// The stream has ended, or broke.
    package fileprivate(set) var isAtEnd = false

    fileprivate init(nickname: String, stream: TCPTransport) {
      self.nickname = nickname
      self.stream = stream
    }

    /// Everything it was to say has been sent.
    package var hasSent: Bool { sentBytes == output.count }

    /// Has it say something, as fast as the server takes it.
    package func say(_ bytes: [UInt8]) { output.append(contentsOf: bytes) }
  }

  package private(set) var members: [Member] = []
  /// The stream everyone agrees on, after the marker.
  package private(set) var agreed: [UInt8] = []

  private static let greeting = Array("Connected to server!\n".utf8)

  private let server: TestServer
  private var marker: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  /// Lets so many clients join and waits until everyone has seen the last one come.
  package init(_ server: TestServer, count: Int, within limit: Duration = .seconds(60)) throws {
    ChatSystem.Process.raiseDescriptorLimit()
    self.server = server
    let names = (0..<count).map { "u\($0)" }
    marker = Array("\(names[count - 1]) joined!\n".utf8)
    let address = Address(host: "127.0.0.1", port: server.port)
    for name in names {
      if name == names.last {
        // Clients that connect one after another may come in in any order; the last one has to be.
        try pump("all but one are here", within: limit) { members.allSatisfy(\.isIn) }
      }
      let member = Member(
        nickname: name, stream: try TCPTransport.connect(to: address))
      member.say(Array("\(name)\n".utf8))
      members.append(member)
      // Who has come in meanwhile reads, or nobody could come in after a while.
      if members.count % 100 == 0 { try pump(for: .zero) }
    }
    try pump("everyone is here", within: limit) { members.allSatisfy { $0.position != nil } }
  }

  /// Reads and writes until something is so.
  package func pump(_ what: String, within limit: Duration, until isSo: () -> Bool) throws {
    let deadline = MonotonicTime.now + limit
    while !isSo() {
      guard MonotonicTime.now < deadline else {
        let positions = Set(members.map { $0.position ?? -1 })
        throw Failure("\(what): not within \(limit); positions \(positions.sorted())")
      }
      try pump(for: .milliseconds(100))
    }
  }

  /// Waits for up to this long for something to happen, and does it once.
  private func pump(for timeout: Duration) throws {
    var active: [Member] = []
    var entries: [pollfd] = []
    for member in members where !member.isAtEnd {
      let events = (member.isPaused ? 0 : POLLIN) | (member.hasSent ? 0 : POLLOUT)
      guard events != 0 else { continue }
      active.append(member)
      entries.append(pollfd(fd: member.stream.number, events: Int16(events), revents: 0))
    }
    guard !entries.isEmpty else { return }
    let milliseconds = Int32(timeout / .milliseconds(1))
    guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return }
    for (entry, member) in zip(entries, active) where entry.revents != 0 {
      if entry.revents & Int16(POLLOUT) != 0 { try write(member) }
      if entry.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, !member.isPaused {
        try read(member)
      }
    }
  }

  /// Lets everyone read and write once.
  package func pumpOnce() throws { try pump(for: .zero) }

  /// Reads up to 32 KiB of what one member can get now, past all agreement.
  package func take(from member: Member, into bytes: inout [UInt8]) throws {
    var piece = [UInt8](repeating: 0, count: 32_768)
    guard case .bytes(let count) = try member.stream.receiveIfReady(into: &piece) else { return }
    bytes.append(contentsOf: piece[..<count])
  }

  /// Reads what one member can get now, past all agreement.
  ///
  /// - Returns: whether its stream has ended.
  package func drain(_ member: Member, into bytes: inout [UInt8]) -> Bool {
    do {
      while true {
        switch try member.stream.receiveIfReady(into: &buffer) {
        case .bytes(let count): bytes.append(contentsOf: buffer[..<count])
        case .end: return true
        case .wouldBlock: return false
        }
      }
    } catch {
      return true
    }
  }

  private func write(_ member: Member) throws {
    let sent = try? member.output[member.sentBytes...].withUnsafeBytes {
      try member.stream.send(UnsafeRawBufferPointer(rebasing: $0.prefix(262_144)))
    }
    member.sentBytes += sent?.count ?? 0
    if member.hasSent {
      member.output = []
      member.sentBytes = 0
    }
  }

  private func read(_ member: Member) throws {
    guard let count = try? member.stream.receive(into: &buffer), count > 0 else {
      member.isAtEnd = true
      return
    }
    guard let position = member.position else { return try findMarker(member, count) }
    try compare(member, at: position, buffer[..<count])
  }

  private func findMarker(_ member: Member, _ count: Int) throws {
    member.prelude.append(contentsOf: buffer[..<count])
    if !member.isIn { member.isIn = member.prelude.end(of: Self.greeting) != nil }
    guard let end = member.prelude.end(of: marker) else {
      // The marker may lie across two pieces; what is before can go.
      member.prelude.removeFirst(max(0, member.prelude.count - 128))
      return
    }
    var rest = member.prelude[end...]
    if member.nickname == members.last?.nickname {
      // The last one's own greeting follows its join.
      guard rest.starts(with: Self.greeting) else { return }
      rest = rest.dropFirst(Self.greeting.count)
    }
    member.prelude = []
    try compare(member, at: 0, rest)
  }

  private func compare(_ member: Member, at position: Int, _ bytes: ArraySlice<UInt8>) throws {
    let known = min(bytes.count, agreed.count - position)
    let isSame = agreed.withUnsafeBytes { agreed in
      bytes.withUnsafeBytes { bytes in
        guard let base = agreed.baseAddress, let other = bytes.baseAddress else { return true }
        return memcmp(base + position, other, known) == 0
      }
    }
    guard isSame else {
      let first = zip(agreed[position...], bytes).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
      throw Failure(
        "\(member.nickname) differs at \(position + first): \(Self.text(bytes.dropFirst(first)))"
          + " instead of \(Self.text(agreed[(position + first)...]))")
    }
    agreed.append(contentsOf: bytes.dropFirst(known))
    member.position = position + bytes.count
  }

  private static func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes.prefix(60), as: UTF8.self)
  }

  /// The agreed stream's lines.
  package var agreedLines: [Substring] {
    String(decoding: agreed, as: UTF8.self).split(separator: "\n")
  }
}

extension [UInt8] {
  /// The index after the first place where other bytes stand in these, from an index on.
  package func end(of needle: [UInt8], from start: Int = 0) -> Int? {
    withUnsafeBytes { bytes in
      needle.withUnsafeBytes { needle in
        guard let base = bytes.baseAddress, let first = needle.first,
          let needleBase = needle.baseAddress
        else { return nil }
        var index = start
        while index + needle.count <= bytes.count,
          let found = memchr(base + index, Int32(first), bytes.count - index - needle.count + 1)
        {
          index = UnsafeRawPointer(found) - base
          if memcmp(base + index, needleBase, needle.count) == 0 {
            return index + needle.count
          }
          index += 1
        }
        return nil
      }
    }
  }
}
