internal import ChatCore
internal import ChatSystem

/// One client's thread: it receives bytes, cuts them into lines, and has each line carried out.
///
/// The path of a line: `receive` → `LineFramer` → `take` → `SessionCommands` (before there is a nickname:
/// `Registration`) → `ConnectedClient`, which says it to the room or answers.
///
/// Thread: its own. What other threads know of the client is its `Peer`.
final class Session {
  private let client: ConnectedClient
  /// `nil` once the client has been in a room.
  private var registration: Registration?
  private var commands: SessionCommands

  private var framer = LineFramer(limit: Limits.clientLineBytes)
  /// Takes out what is not text; `nil` once the client is registered, but for telnet programs.
  private var firstBytes: FirstBytes? = FirstBytes()
  /// The peer's side of the stream has ended, or the connection is lost.
  private var isAtEnd = false
  /// What it works with while it receives files.
  private var fileBuffers: WorkBuffers?

  private let isEncrypted: Bool

  init(peer: Peer, server: ServerContext, isEncrypted: Bool) {
    self.isEncrypted = isEncrypted
    client = ConnectedClient(peer: peer, server: server)
    let rooms = RoomCommands(client)
    registration = Registration(client, rooms)
    commands = SessionCommands(client, rooms)
  }

  /// Serves the client until it is gone.
  func run() {
    let count = client.server.metrics.connections(.talk, isEncrypted: isEncrypted)
    count.begun.add()
    defer { count.ended.add() }
    client.sendNow([Handshake.greeting])
    while client.closeReason == nil { receive() }
    // A program that forgets the line end would wait for ever, and not know why.
    if client.closeReason == .handshakeTimeout, framer.isMidLine || firstBytes?.isMidLine == true {
      client.end(.lineWithoutEnd)
    }
    commands.uploads.drop()
    GracefulClose(client: client, isAtEnd: isAtEnd).run()
  }

  // MARK: Receiving

  /// Waits for bytes and carries out their lines.
  private func receive() {
    do {
      guard try waitUntilReadable() else { return }
      let buffers = try takeBuffers()
      swap(&client.batch, &buffers.batch)
      defer {
        swap(&client.batch, &buffers.batch)
        giveBack(buffers)
      }
      let received = try client.peer.transport.receiveIfReady(into: &buffers.input)
      if let interruption = client.peer.interruptionReason { return client.end(interruption) }
      switch received {
      case .wouldBlock: return
      case .bytes(let count):
        let input = buffers.input
        client.beginChunk()
        feed(input.span.extracting(0..<count))
        client.spend(forChunkOf: count)
      case .end:
        isAtEnd = true
        // A program that was cut off in a line says it again, whole, when it reconnects.
        if !client.peer.speaksVersion1 { feedRest() }
      }
      client.flush()
      if isAtEnd, client.closeReason == nil { client.end(.endOfStream) }
    } catch {
      if error.code == SystemError.noMemory {
        // It can't be served now, but it can be told so.
        client.end(.serverFull)
      } else {
        isAtEnd = true
        client.end(.connectionLost)
      }
    }
  }

  private func waitUntilReadable() throws(SystemError) -> Bool {
    let transport = client.peer.transport
    if let deadline = client.registrationDeadline {
      let left = deadline - .now
      if left > .zero, try transport.waitUntilReadable(for: left) { return true }
      client.end(.handshakeTimeout)
      return false
    }
    guard let check = commands.uploads.nextCheck else {
      return try transport.waitUntilReadable(for: nil)
    }
    let left = check - .now
    if left > .zero { return try transport.waitUntilReadable(for: left) }
    commands.uploads.endStalled()
    return false
  }

  /// Takes buffers for one read. A session that receives files keeps its own, large ones: each read, hash and write
  /// is of what one of them holds.
  private func takeBuffers() throws(SystemError) -> WorkBuffers {
    guard commands.uploads.isActive else { return try client.server.buffers.take() }
    if let fileBuffers { return fileBuffers }
    let buffers = try client.server.buffers.make(inputBytes: WorkBuffers.fileInputBytes)
    fileBuffers = buffers
    return buffers
  }

  private func giveBack(_ buffers: WorkBuffers) {
    guard buffers === fileBuffers else { return client.server.buffers.give(buffers) }
    if !commands.uploads.isActive { fileBuffers = nil }
  }

  // MARK: Framing

  private func feed(_ bytes: Span<UInt8>) {
    guard firstBytes != nil else { return framer.feedMixed(bytes) { take($0) } }
    feedFirst(bytes)
  }

  /// Feeds the framer a line at a time, without what is not text; the bytes after the registration as they are.
  private func feedFirst(_ bytes: Span<UInt8>) {
    var start = 0
    var text: [UInt8] = []
    while start < bytes.count {
      let rest = bytes.extracting(start..<bytes.count)
      let raw = framer.payloadCount(in: rest)
      guard raw == 0, firstBytes != nil else {
        let count = raw == 0 ? rest.count : raw
        framer.feedMixed(rest.extracting(0..<count)) { take($0) }
        start += count
        continue
      }
      text.removeAll(keepingCapacity: true)
      start += firstBytes?.take(rest, into: &text) ?? 0
      framer.isTelnet = firstBytes?.isTelnet == true
      framer.feedMixed(text.span) { take($0) }
      if client.room != nil, firstBytes?.isTelnet == false { firstBytes = nil }
    }
  }

  /// Feeds the framer what it has not seen of a stream that has ended.
  private func feedRest() {
    var rest: [UInt8] = []
    firstBytes?.finish(into: &rest)
    framer.feedMixed(rest.span) { take($0) }
    framer.finish { _ = take($0) }
  }

  /// Carries out what the framer found.
  ///
  /// - Returns: the raw bytes that follow a line.
  private func take(_ frame: borrowing LineFrame) -> Payload? {
    guard client.closeReason == nil else { return nil }
    switch frame {
    case .line(let line):
      client.spend(forLine: line)
      guard client.closeReason == nil else { return nil }
      if let room = client.room { return commands.carryOut(line, in: room) }
      let payload = registration?.receive(line)
      if client.room != nil { registration = nil }
      return payload
    case .tooLong:
      client.spend(1)
      guard client.closeReason == nil else { return nil }
      if client.room == nil {
        registration?.refuse(.lineTooLong)
      } else {
        client.refuse(.lineTooLong)
      }
    case .bytes(let bytes): commands.uploads.takeBytes(bytes)
    case .bytesEnd: commands.uploads.endBytes()
    }
    return nil
  }
}
