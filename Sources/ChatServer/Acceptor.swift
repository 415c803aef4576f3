internal import ChatCore
internal import ChatSystem

/// Takes in connections and gives each its thread.
///
/// Thread: its own.
final class Acceptor: Sendable {
  /// How long it waits when the system has no descriptor or thread left.
  private static let shortagePause: Duration = .milliseconds(100)

  private let listener: Listener
  private let state: ServerState

  init(listener: Listener, state: ServerState) {
    self.listener = listener
    self.state = state
  }

  /// Accepts until the listener is stopped.
  func run() {
    var isShort = false
    while true {
      do {
        guard let (stream, address) = try listener.accept() else { return }
        isShort = false
        admit(Peer(stream: stream, address: address))
      } catch {
        if error.isPeersOwn { continue }
        // The connections that wait are not lost: the system keeps them until we can.
        if !isShort { state.log.error("cannot accept: \(error)") }
        isShort = true
        SystemThread.sleep(for: Self.shortagePause)
      }
    }
  }

  private func admit(_ peer: Peer) {
    guard let number = state.connections.add(peer) else {
      state.log.debug("\(peer.address) refused: server full")
      return turnAway(peer)
    }
    let state = self.state
    do {
      try SystemThread.start(named: "client") {
        Session(peer: peer, server: state).run()
        // When the last of many has gone, what their threads had is the system's again.
        if state.connections.remove(number) == 0 { Process.returnFreeMemory() }
      }
    } catch {
      let left = state.connections.remove(number)
      state.log.error("no thread for more than \(left) clients: \(error)")
      state.connections.makeReserve()
      turnAway(peer)
    }
  }

  /// Tells a client that there is no place, without waiting for anything.
  private func turnAway(_ peer: Peer) {
    let line = CloseReason.serverFull.lastLine?.encoded() ?? []
    // Whatever can't be sent at once is not worth a thread.
    _ = try? line.span.withUnsafeBytes { try peer.stream.send($0) }
    peer.stream.shutdownWriting()
  }
}
