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
        admit(Connection(transport, from: address))
      } catch {
        if error.isPeersOwn { continue }
        // The connections that wait are not lost: the system keeps them until we can.
        if !isShort { server.log.error("cannot accept: \(error)") }
        isShort = true
        SystemThread.sleep(for: Self.shortagePause)
      }
    }
  }

  private func admit(_ connection: Connection) {
    let number: UInt64
    do throws(Connections.Refusal) { number = try server.connections.add(connection) } catch {
      let reason: CloseReason = error == .full ? .serverFull : .tooManyConnections
      server.log.debug("\(connection.address) refused: \(reason.text)")
      return turnAway(connection, reason)
    }
    let server = self.server
    let memoryReturn = self.memoryReturn
    guard hasDescriptors(for: connection) else {
      _ = server.connections.remove(number)
      server.log.debug("\(connection.address) refused: too few descriptors")
      return turnAway(connection, .serverFull)
    }
    do {
      try SystemThread.start(named: "client") {
        Door(connection, server).run()
        memoryReturn.noteDeparture(left: server.connections.remove(number))
      }
      isShortOfMemory.store(false, ordering: .relaxed)
    } catch  where error.code == SystemError.noMemory {
      let left = server.connections.remove(number)
      if !isShortOfMemory.exchange(true, ordering: .relaxed) {
        server.log.error("no memory for more than \(left) clients")
      }
      turnAway(connection, .serverFull)
    } catch {
      let left = server.connections.remove(number)
      server.log.error("no thread for more than \(left) clients: \(error)")
      server.connections.makeReserve()
      turnAway(connection, .serverFull)
    }
  }

  /// Whether descriptors are left for the server itself.
  private func hasDescriptors(for connection: Connection) -> Bool {
    let limit = Process.descriptorLimit
    let last = limit - min(Self.spareDescriptors, limit / 4)
    // The system chooses a connection's number before it waits for one: there may be lower ones by now.
    return Int(connection.transport.number) < last || (Process.lowestFreeDescriptor ?? .max) < last
  }

  /// Tells a client that there is no place, without waiting for anything.
  private func turnAway(_ connection: Connection, _ reason: CloseReason) {
    let line = reason.lastLine?.encoded() ?? []
    // Whatever can't be sent at once is not worth a thread.
    _ = try? line.span.withUnsafeBytes { try connection.transport.send($0) }
    connection.transport.shutdownWriting()
  }
}
