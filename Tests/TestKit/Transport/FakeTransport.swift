internal import CLinux
package import ChatSystem
internal import Glibc

/// A connection whose system is played by the test: it accepts a few bytes at a time, or none, and breaks where it is
/// told to.
///
/// What it accepts is what the peer gets, in that order; what is offered twice, or in another order, shows. A real
/// descriptor (eventfd(2)) stands for it, writable whenever it accepts bytes, so that epoll(7) can watch it.
///
/// Thread: any.
package final class FakeTransport: Transport {
  /// How its system behaves.
  package struct Behavior: Sendable {
    /// How many bytes it holds for a peer that does not read.
    package var capacity = 65_536
    /// The peer reads all at once.
    package var isRead = false
    /// The most bytes that one send takes.
    package var mostPerSend = Int.max
    /// Each so many sends, one accepts nothing though there is room, as after a signal; 0 for none.
    package var interruptedSends = 0
    /// The connection is reset when so many bytes were accepted.
    package var resetAfter: Int?
    /// Accepts this many bytes more than its system takes, and holds them until `flush`, as TLS does with a record.
    package var recordBytes = 0

    /// Makes a system that behaves well.
    package init() {}
  }

  private struct State {
    var behavior: Behavior
    var accepted: [UInt8] = []
    /// How many of them its system has.
    var takenCount = 0
    /// How many of those the peer has read.
    var readCount = 0
    var sends = 0
    var input: [UInt8] = []
    var hasInputEnded = false
    var isReadingShut = false
    var isWritingShut = false
    var isReset = false

    var heldCount: Int { accepted.count - takenCount }
    var room: Int { max(0, behavior.capacity - (takenCount - readCount)) }

    /// Gives the system what is held, as far as it takes it.
    mutating func pass() {
      takenCount += min(heldCount, room)
      if behavior.isRead { readCount = takenCount }
    }
  }

  private let descriptor: Descriptor
  private let state: Guarded<State>

  /// Makes a connection.
  package init(_ behavior: Behavior = Behavior()) throws {
    descriptor = Descriptor(
      owning: try system("eventfd") {
        eventfd(0, CInt(CLINUX_EFD_CLOEXEC | CLINUX_EFD_NONBLOCK))
      })
    state = Guarded(State(behavior: behavior))
  }

  // MARK: What the peer does

  /// What the peer has been sent, read or not.
  package var received: [UInt8] { state.withLock { $0.accepted } }

  /// The same as lines.
  package var text: String { String(decoding: received, as: UTF8.self) }

  /// The peer reads, up to so many bytes.
  package func read(_ count: Int = .max) {
    state.withLock {
      $0.readCount += min(count, $0.takenCount - $0.readCount)
      showReadiness($0)
    }
  }

  /// The peer sends bytes.
  package func write(_ bytes: [UInt8]) {
    state.withLock { $0.input += bytes }
    state.wake()
  }

  /// The peer ends its side.
  package func end() {
    state.withLock { $0.hasInputEnded = true }
    state.wake()
  }

  /// The connection is reset.
  package func reset() {
    state.withLock {
      $0.isReset = true
      showReadiness($0)
    }
    state.wake()
  }

  /// Whether it was shut for reading, writing, or both.
  package var shut: (reading: Bool, writing: Bool) {
    state.withLock { ($0.isReadingShut, $0.isWritingShut) }
  }

  /// Shows poll(2) and epoll(7) whether it accepts bytes: an eventfd whose counter is full is not writable.
  private func showReadiness(_ state: State) {
    var count: eventfd_t = 0
    _ = eventfd_read(descriptor.number, &count)
    let isReady = state.room > 0 || state.isReset || state.isWritingShut
    if !isReady { _ = eventfd_write(descriptor.number, .max - 1) }
  }

  // MARK: Transport

  package var number: CInt { descriptor.number }

  package func waitUntilReadable(for timeout: Duration?) throws(SystemError) -> Bool {
    func isReadable(_ state: inout State) -> Bool? {
      !state.input.isEmpty || state.hasInputEnded || state.isReadingShut || state.isReset
        ? true : nil
    }
    guard let timeout else { return state.wait { isReadable(&$0) } }
    return state.wait(until: .now + timeout) { isReadable(&$0) } ?? false
  }

  package func receiveIfReady(into buffer: inout [UInt8]) throws(SystemError) -> Received {
    let (bytes, isReset, isAtEnd) = state.withLock {
      let bytes = Array($0.input.prefix(buffer.count))
      $0.input.removeFirst(bytes.count)
      return (bytes, $0.isReset, $0.hasInputEnded || $0.isReadingShut)
    }
    if isReset { throw SystemError("recv", code: ECONNRESET) }
    guard !bytes.isEmpty else { return isAtEnd ? .end : .wouldBlock(.readable) }
    buffer.replaceSubrange(0..<bytes.count, with: bytes)
    return .bytes(bytes.count)
  }

  package func waitUntilEnded(for timeout: Duration) -> Bool {
    state.wait(until: .now + timeout) {
      $0.hasInputEnded || $0.isReadingShut || $0.isReset ? true : nil
    } ?? false
  }

  package func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Sent {
    let sent: Sent? = state.withLock { state in
      defer { showReadiness(state) }
      if let limit = state.behavior.resetAfter, state.accepted.count >= limit {
        state.isReset = true
      }
      guard !state.isReset, !state.isWritingShut else { return nil }
      state.pass()
      state.sends += 1
      let behavior = state.behavior
      if state.heldCount > 0 { return Sent(0, blockedOn: .writable) }
      if behavior.interruptedSends > 0, state.sends % behavior.interruptedSends == 0 {
        return Sent(0, blockedOn: .writable)
      }
      var count = min(bytes.count, behavior.mostPerSend, state.room + behavior.recordBytes)
      if let limit = behavior.resetAfter { count = min(count, limit - state.accepted.count) }
      state.accepted += bytes.prefix(count)
      state.pass()
      let isBlocked = count < bytes.count || state.heldCount > 0
      return Sent(count, blockedOn: isBlocked ? .writable : nil)
    }
    guard let sent else { throw SystemError("send", code: EPIPE) }
    return sent
  }

  package func flush() throws(SystemError) -> Readiness? {
    let isHeld = state.withLock { state -> Bool? in
      defer { showReadiness(state) }
      guard !state.isReset else { return nil }
      state.pass()
      guard state.heldCount == 0 || !state.isWritingShut else { return nil }
      return state.heldCount > 0
    }
    guard let isHeld else { throw SystemError("send", code: EPIPE) }
    return isHeld ? .writable : nil
  }

  package var unacknowledgedBytes: Int { state.withLock { $0.accepted.count - $0.readCount } }

  package var acknowledgedBytes: UInt64 { state.withLock { UInt64($0.readCount) } }

  package var isDelivered: Bool {
    state.withLock { $0.readCount == $0.accepted.count || $0.isReset }
  }

  package var isBroken: Bool { state.withLock { $0.isReset } }

  package func shutdownReading() {
    state.withLock { $0.isReadingShut = true }
    state.wake()
  }

  package func shutdownWriting() {
    state.withLock {
      $0.isWritingShut = true
      showReadiness($0)
    }
  }

  package func shutdownBoth() {
    shutdownReading()
    shutdownWriting()
  }
}
