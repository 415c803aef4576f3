import ChatSystem

/// A relay in front of a server, which can cut all who go through it.
///
/// Thread: any. Each connection has two threads of its own, one a direction; the lock guards which
/// connections there are.
package final class CuttingProxy: @unchecked Sendable {
  // Sound: `pairs` and `isOpen` are guarded by `lock`; the rest never changes.

  /// A client's connection, and the one to the server on its behalf.
  private struct Pair {
    let client: TCPTransport
    let server: TCPTransport
  }

  private let listener: Listener
  private let target: Address
  private let lock = Lock()
  private var pairs: [Pair] = []
  private var isOpen = true
  private var relayedBytes = 0
  /// How much the system keeps of what is on its way; 0 for as much as it likes.
  private let bufferBytes: CInt

  /// Relays from a free port of 127.0.0.1.
  ///
  /// - Parameters:
  ///   - port: the server's, on 127.0.0.1.
  ///   - bufferBytes: how much the system keeps of what is on its way; 0 for as much as it likes.
  package init(to port: UInt16, bufferBytes: CInt = 0) throws {
    self.bufferBytes = bufferBytes
    listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    target = Address(host: "127.0.0.1", port: port)
    try SystemThread.start(named: "proxy") { [listener, target, weak self] in
      while let accepted = try? listener.accept() {
        guard let server = try? TCPTransport.connect(to: target) else { continue }
        accepted.stream.sendAtOnce()
        self?.relay(Pair(client: accepted.stream, server: server))
      }
    }
  }

  deinit {
    listener.stop()
    cut()
  }

  /// `HOST:PORT`, for clients.
  package var address: String { "\(listener.address)" }

  /// How many bytes have gone through it to the server.
  package var bytesToServer: Int { lock.withLock { relayedBytes } }

  /// How many connections go through it now.
  package var connections: Int { lock.withLock { pairs.count } }

  /// Cuts everyone, both ways. What is on its way may be lost, in the middle of a line as well.
  package func cut() {
    let cut = lock.withLock {
      defer { pairs = [] }
      return pairs
    }
    for pair in cut {
      pair.client.shutdownBoth()
      pair.server.shutdownBoth()
    }
  }

  /// Cuts everyone, and whoever connects later, until it is opened again.
  package func close() {
    lock.withLock { isOpen = false }
    cut()
  }

  /// Lets connections through again.
  package func open() { lock.withLock { isOpen = true } }

  private func relay(_ pair: Pair) {
    let isTaken = lock.withLock {
      if isOpen { pairs.append(pair) }
      return isOpen
    }
    guard isTaken else { return pair.client.shutdownBoth() }
    if bufferBytes > 0 {
      for stream in [pair.client, pair.server] {
        stream.keepUnreadBytes(below: bufferBytes)
        stream.keepUnsentBytes(below: bufferBytes, patience: .seconds(60))
      }
    }
    for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
      do {
        try SystemThread.start(named: "relay") { [weak self] in
          var buffer = [UInt8](repeating: 0, count: 65_536)
          while let count = try? from.receive(into: &buffer), count > 0,
            (try? to.sendAll(Array(buffer[..<count]))) != nil
          {
            if to === pair.server { self?.count(count) }
          }
          // A side that ends its stream still reads the other's.
          to.shutdownWriting()
          self?.forget(pair, after: from)
        }
      } catch {
        pair.client.shutdownBoth()
        pair.server.shutdownBoth()
      }
    }
  }

  private func count(_ bytes: Int) { lock.withLock { relayedBytes += bytes } }

  /// The server's side of a pair has ended.
  private func forget(_ pair: Pair, after ended: TCPTransport) {
    guard ended === pair.server else { return }
    lock.withLock { pairs.removeAll { $0.server === ended } }
  }
}
