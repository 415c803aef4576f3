internal import ChatCore
internal import ChatSystem
internal import Synchronization

/// Accepts the connections of one socket, and gives each its thread.
///
/// Thread: its own.
final class Acceptor: Sendable {
  /// How long it waits when the system has no descriptor or thread left.
  private static let shortagePause: Duration = .milliseconds(100)

  /// How many descriptors are left for the server itself: rooms and files need some.
  private static let spareDescriptors = 32

  private let memoryReturn = MemoryReturn()
  /// It was logged that there is no memory for more clients.
  private let isShortOfMemory = Atomic<Bool>(false)
  private let listener: Listener
  private let server: ServerContext

  init(listener: Listener, server: ServerContext) {
    self.listener = listener
    self.server = server
  }

  /// Accepts until the listener is stopped.
  func run() {
    var isShort = false
    while true {
      do {
        guard let (transport, address) = try listener.accept() else { return }
        isShort = false
        transport.sendAtOnce()
        transport.detectLoss(idle: 60, interval: 15)
        admit(Peer(transport: transport, address: address))
      } catch {
        if error.isPeersOwn { continue }
        // The connections that wait are not lost: the system keeps them until we can.
        if !isShort { server.log.error("cannot accept: \(error)") }
        isShort = true
        SystemThread.sleep(for: Self.shortagePause)
      }
    }
  }

  private func admit(_ peer: Peer) {
    guard let number = server.connections.add(peer) else {
      server.log.debug("\(peer.address) refused: server full")
      return turnAway(peer)
    }
    let server = self.server
    let memoryReturn = self.memoryReturn
    guard hasDescriptors(for: peer) else {
      _ = server.connections.remove(number)
      server.log.debug("\(peer.address) refused: too few descriptors")
      return turnAway(peer)
    }
    do {
      try SystemThread.start(named: "client") {
        Session(peer: peer, server: server).run()
        memoryReturn.noteDeparture(left: server.connections.remove(number))
      }
      isShortOfMemory.store(false, ordering: .relaxed)
    } catch  where error.code == SystemError.noMemory {
      let left = server.connections.remove(number)
      if !isShortOfMemory.exchange(true, ordering: .relaxed) {
        server.log.error("no memory for more than \(left) clients")
      }
      turnAway(peer)
    } catch {
      let left = server.connections.remove(number)
      server.log.error("no thread for more than \(left) clients: \(error)")
      server.connections.makeReserve()
      turnAway(peer)
    }
  }

  /// Whether descriptors are left for the server itself.
  private func hasDescriptors(for peer: Peer) -> Bool {
    let limit = Process.descriptorLimit
    let last = limit - min(Self.spareDescriptors, limit / 4)
    // The system chooses a connection's number before it waits for one: there may be lower ones by now.
    return Int(peer.transport.number) < last || (Process.lowestFreeDescriptor ?? .max) < last
  }

  /// Tells a client that there is no place, without waiting for anything.
  private func turnAway(_ peer: Peer) {
    let line = CloseReason.serverFull.lastLine?.encoded() ?? []
    // Whatever can't be sent at once is not worth a thread.
    _ = try? line.span.withUnsafeBytes { try peer.transport.send($0) }
    peer.transport.shutdownWriting()
  }
}
