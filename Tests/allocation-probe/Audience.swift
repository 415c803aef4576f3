import ChatSystem
import Glibc

/// A sender and its readers, plain sockets on one thread that allocates nothing once they are in the room.
final class Audience {
  private static let discardBytes = 1 << 24

  private let streams: [TCPTransport]
  private let entries: UnsafeMutableBufferPointer<pollfd>
  /// How many bytes each has received, counted from when all were in.
  private let received: UnsafeMutableBufferPointer<Int>

  /// Lets a sender and so many readers in, and waits until all know of all.
  init(address: Address, readers: Int) throws {
    let count = readers + 1
    streams = try (0..<count).map { index in
      let stream = try TCPTransport.connect(to: address)
      try stream.sendAll(Array("\(Self.name(index))\n".utf8))
      return stream
    }
    entries = .allocate(capacity: count)
    received = .allocate(capacity: count)
    entries.initialize(repeating: pollfd())
    received.initialize(repeating: 0)
    for (index, stream) in streams.enumerated() {
      entries[index] = pollfd(fd: stream.number, events: Int16(POLLIN), revents: 0)
    }
    // Whoever comes may see the others come before or after: silence says that all are in.
    while poll(entries.baseAddress, nfds_t(count), 300) > 0 { try drain() }
    received.update(repeating: 0)
  }

  deinit {
    entries.deallocate()
    received.deallocate()
  }

  private static func name(_ index: Int) -> String { "u\(index)" }

  /// What everyone hears when the sender says a line.
  static func bytesHeard(perLine line: Int) -> Int { name(0).utf8.count + 2 + line }

  /// Has the sender say whole lines, so many bytes of them at once, and everyone hear them.
  func say(_ line: [UInt8], count: Int, atOnce: Int) throws {
    let block = [UInt8]((0..<atOnce).map { _ in line }.joined())
    let before = received[0]
    for said in stride(from: 0, to: count, by: atOnce) {
      try streams[0].sendAll(block)
      try wait(until: before + (said + atOnce) * Self.bytesHeard(perLine: line.count))
    }
  }

  /// Waits until everyone has heard so many bytes, and no more.
  private func wait(until goal: Int) throws {
    while received.contains(where: { $0 < goal }) {
      guard poll(entries.baseAddress, nfds_t(entries.count), 10_000) > 0 else {
        throw ProbeError("nothing arrives")
      }
      try drain()
    }
    guard received.allSatisfy({ $0 == goal }) else { throw ProbeError("too much arrived") }
  }

  /// Receives what is there, without looking at it (tcp(7), MSG_TRUNC).
  private func drain() throws {
    for index in entries.indices where entries[index].revents != 0 {
      let count = recv(
        entries[index].fd, nil, Self.discardBytes, CInt(MSG_TRUNC) | CInt(MSG_DONTWAIT))
      guard count > 0 else { throw ProbeError("a connection was closed") }
      received[index] += count
    }
  }
}

/// What went wrong.
struct ProbeError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
