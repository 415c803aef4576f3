internal import ChatCore
internal import ChatSystem

/// Ends a session so that its client still gets its last lines.
///
/// Thread: the session's.
struct GracefulClose {
  /// How long a client may take to read its last lines.
  private static let limit: Duration = .seconds(5)
  /// How often it is checked whether it has.
  private static let checkInterval: Duration = .milliseconds(10)
  /// How much is read at once of input that is dropped.
  private static let droppedBytes = 4_096

  let client: ConnectedClient
  /// The client has ended its side of the stream, or the connection is lost.
  let isAtEnd: Bool

  /// Sends what is pending, leaves the room, frees the nickname, and waits until the client has everything.
  func run() {
    let peer = client.peer
    let reason = peer.interruptionReason ?? client.closeReason ?? .connectionLost
    let lastLine = reason.lastLine?.encoded() ?? []
    if let room = client.room {
      if let nickname = client.nickname {
        client.server.roomCodes.note(peer, as: nickname, in: room.name)
      }
      defer { client.server.rooms.leave(room) }
      leave(room, lastLine)
      releaseNickname(reason)
      guard peer.waitUntilReleased(until: .now + Self.limit) else { return room.drop(peer) }
    } else {
      releaseNickname(reason)
      sendLast(peer.finishOutside() + lastLine)
    }
    peer.transport.sayEnd(reason.streamEnd)
    if isAtEnd, !peer.transport.hasOpenInput {
      // TLS says so, too (RFC 8446, section 6.1).
      peer.transport.shutdownWriting()
    } else {
      linger(until: .now + Self.limit)
    }
  }

  private func leave(_ room: Room, _ lastLine: [UInt8]) {
    let peer = client.peer
    if client.isLeavingRoom {
      if let rest = peer.finishMoving(lastLine) {
        if peer.waitUntilReleased(until: .now + Self.limit) { sendLast(rest) }
      } else {
        room.wakeBroadcaster()
      }
    } else if let nickname = client.nickname {
      peer.resumeLog()
      room.leave(peer, as: nickname, lastLine: lastLine)
    }
  }

  /// Frees the nickname, once the room has been told.
  private func releaseNickname(_ reason: CloseReason) {
    let server = client.server
    if let token = client.token { server.tokens.revoke(token) }
    if let nickname = client.nickname {
      server.directory.release(nickname, of: client.peer)
      server.log.info("\(nickname.text) left: \(reason.text)")
    } else if reason == .httpRequest {
      // A page may be behind it, of which its reader knows nothing.
      server.log.info("\(client.peer.address) left: \(reason.text)")
    } else {
      server.log.debug("\(client.peer.address) left: \(reason.text)")
    }
  }

  /// Sends what no room sends, within the time limit.
  private func sendLast(_ bytes: [UInt8]) {
    let deadline = MonotonicTime.now + Self.limit
    var sent = 0
    var isBlocked = false
    do throws(SystemError) {
      while sent < bytes.count || isBlocked, MonotonicTime.now < deadline {
        if isBlocked {
          isBlocked = try client.peer.transport.flush() != nil
          if isBlocked { SystemThread.sleep(for: Self.checkInterval) }
          continue
        }
        let part = try bytes.span.extracting(sent...).withUnsafeBytes { bytes throws(SystemError) in
          try client.peer.transport.send(bytes)
        }
        sent += part.count
        isBlocked = part.blockedOn != nil
        if isBlocked { SystemThread.sleep(for: Self.checkInterval) }
      }
    } catch {
      // The connection is broken: there is no reader any more.
    }
  }

  /// Waits until the peer has its last lines: closing a socket that has unread input resets the connection, and what
  /// is on its way is lost (RFC 1122, section 4.2.2.13).
  ///
  /// So what still comes in is read and dropped, until the peer has everything or has closed. Where the reading side
  /// was shut to wake this thread, the peer's end can't be seen, and the writing side stays open: input after both
  /// are shut resets the connection too.
  private func linger(until deadline: MonotonicTime) {
    let transport = client.peer.transport
    let wasInterrupted = client.peer.interruptionReason != nil
    if !wasInterrupted { transport.shutdownWriting() }
    var dropped = [UInt8](repeating: 0, count: Self.droppedBytes)
    while MonotonicTime.now < deadline {
      // A broken connection is past reading its last lines.
      do { _ = try transport.receiveIfReady(into: &dropped) } catch { return }
      _ = try? transport.flush()
      if transport.isDelivered { return }
      SystemThread.sleep(for: Self.checkInterval)
    }
  }
}
