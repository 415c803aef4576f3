internal import ChatSystem

/// A connection as HTTP uses it: what is received waits until it is read, what is sent has to be taken in time.
///
/// Thread: its session's.
final class HTTPConnection {
  /// How long a client may take to see the end.
  private static let lingerLimit: Duration = .seconds(2)

  let transport: any Transport
  private let buffers: WorkBufferPool

  /// What was received and not read: at most what one receive brings.
  private(set) var unread: ArraySlice<UInt8> = []
  /// The client has ended its side, or receiving was ended here.
  private(set) var isAtEnd = false

  init(_ transport: any Transport, _ buffers: WorkBufferPool) {
    (self.transport, self.buffers) = (transport, buffers)
  }

  /// What came of receiving.
  enum Received { case bytes, end, timeOver }

  /// Waits until something was received, unless it is there already. Without anything to read, it holds no buffer.
  func receive(until deadline: MonotonicTime) throws(SystemError) -> Received {
    while unread.isEmpty {
      guard !isAtEnd else { return .end }
      guard try waitUntilReadable(until: deadline) else { return .timeOver }
      let buffer = try buffers.take()
      defer { buffers.give(buffer) }
      switch try transport.receiveIfReady(into: &buffer.input) {
      case .bytes(let count): unread = ArraySlice(Array(buffer.input[..<count]))
      case .end: isAtEnd = true
      case .wouldBlock(.readable): break
      case .wouldBlock(.writable):
        guard try transport.wait(for: .writable, until: deadline) else { return .timeOver }
      }
    }
    return .bytes
  }

  /// Receives a part of a body: what was received before, or else straight into a buffer.
  ///
  /// - Parameters:
  ///   - limit: how much is left of the body. What comes after it stays unread.
  ///   - take: takes bytes.
  func receiveBody(
    into buffers: WorkBuffers, atMost limit: UInt64, until deadline: MonotonicTime,
    _ take: (Span<UInt8>) -> Void
  ) throws(SystemError) -> Received {
    if !unread.isEmpty {
      let part = unread.prefix(Int(min(limit, UInt64(unread.count))))
      take(part.span)
      read(part.count)
      return .bytes
    }
    guard !isAtEnd else { return .end }
    guard try waitUntilReadable(until: deadline) else { return .timeOver }
    switch try transport.receiveIfReady(into: &buffers.input) {
    case .bytes(let count):
      let wanted = Int(min(limit, UInt64(count)))
      let input = buffers.input
      take(input.span.extracting(0..<wanted))
      if wanted < count { unread = ArraySlice(Array(input[wanted..<count])) }
      return .bytes
    case .end:
      isAtEnd = true
      return .end
    case .wouldBlock(.readable): return .timeOver
    case .wouldBlock(.writable):
      _ = try transport.wait(for: .writable, until: deadline)
      return .timeOver
    }
  }

  private func waitUntilReadable(until deadline: MonotonicTime) throws(SystemError) -> Bool {
    let left = deadline - .now
    guard left > .zero else { return false }
    if transport.hasBufferedInput { return true }
    return try transport.waitUntilReadable(for: left)
  }

  /// So many of the unread bytes were read.
  func read(_ count: Int) { unread = unread.dropFirst(count) }

  /// Reads and drops bytes.
  ///
  /// - Returns: false if they did not come in time.
  func drop(_ count: UInt64, until deadline: MonotonicTime) throws(SystemError) -> Bool {
    var left = count
    while left > 0 {
      guard try receive(until: deadline) == .bytes else { return false }
      let part = min(left, UInt64(unread.count))
      read(Int(part))
      left -= part
    }
    return true
  }

  /// Whether the client has closed the connection, or it is broken.
  var isBroken: Bool { transport.isBroken }

  /// Sends bytes.
  ///
  /// - Returns: false if they were not taken in time.
  func send(_ bytes: [UInt8], until deadline: MonotonicTime) throws(SystemError) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let part = try bytes.span.extracting(sent...).withUnsafeBytes {
        bytes throws(SystemError) in try transport.send(bytes)
      }
      sent += part.count
      var blockedOn = part.blockedOn
      // What it has taken and holds goes out before anything else is offered.
      while let readiness = blockedOn {
        guard try transport.wait(for: readiness, until: deadline) else { return false }
        blockedOn = try transport.flush()
      }
    }
    return true
  }

  /// Ends it so that the client gets the last answer: closing a socket that has unread input resets the connection,
  /// and what is on its way is lost (RFC 9112, section 9.6).
  func close() {
    transport.shutdownWriting()
    unread = []
    let deadline = MonotonicTime.now + Self.lingerLimit
    do throws(SystemError) {
      while try receive(until: deadline) == .bytes { unread = [] }
    } catch {
      // It is broken: there is nobody to wait for.
    }
  }
}
