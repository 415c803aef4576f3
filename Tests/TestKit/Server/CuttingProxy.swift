import ChatSystem

/// A relay in front of a server, which can cut or hold up all who go through it.
///
/// Thread: any. Each connection has two threads of its own, one a direction; the lock guards which
/// connections there are.
package final class CuttingProxy: @unchecked Sendable {
  // Sound: `pairs`, `isOpen`, the counts and `passage` are guarded by `lock`; the rest never changes.

  /// A client's connection, and the one to the server on its behalf.
  private struct Pair {
    let client: TCPTransport
    let server: TCPTransport
  }

  /// What goes through.
  private enum Passage {
    case open
    /// So many more bytes, both ways together; the rest waits.
    case limited(Int)
    /// Nothing: what comes is lost.
    case lost
  }

  private let listener: Listener
  private let target: Address
  private let lock = Lock()
  private var pairs: [Pair] = []
  private var isOpen = true
  private var (toServer, toClients) = (0, 0)
  private var passage = Passage.open
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
  package var bytesToServer: Int { lock.withLock { toServer } }

  /// How many bytes have gone through it to clients.
  package var bytesToClients: Int { lock.withLock { toClients } }

  /// How many connections go through it now.
  package var connections: Int { lock.withLock { pairs.count } }

  /// Lets so many more bytes through, both ways together, and holds up the rest; `nil` for as many as come.
  package func allow(_ bytes: Int?) {
    lock.withLock { passage = if let bytes { .limited(bytes) } else { .open } }
  }

  /// Loses all that is on its way and all that comes, until something is allowed again. Ends go through.
  package func lose() { lock.withLock { passage = .lost } }

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
          while let count = try? from.receive(into: &buffer), count > 0 {
            guard let self else { break }
            guard self.waitToPass(count, to, of: pair) else { continue }
            guard (try? to.sendAll(Array(buffer[..<count]))) != nil else { break }
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

  /// Waits until so many bytes may go through, and counts them.
  ///
  /// - Returns: false if they are lost.
  private func waitToPass(_ bytes: Int, _ target: TCPTransport, of pair: Pair) -> Bool {
    while true {
      let mayPass: Bool? = lock.withLock {
        guard pairs.contains(where: { $0.server === pair.server }) else { return false }
        switch passage {
        case .lost: return false
        case .limited(let left):
          guard left >= bytes else { return nil }
          passage = .limited(left - bytes)
        case .open: break
        }
        if target === pair.server { toServer += bytes } else { toClients += bytes }
        return true
      }
      if let mayPass { return mayPass }
      SystemThread.sleep(for: .milliseconds(1))
    }
  }

  /// The server's side of a pair has ended.
  private func forget(_ pair: Pair, after ended: TCPTransport) {
    guard ended === pair.server else { return }
    lock.withLock { pairs.removeAll { $0.server === ended } }
  }
}
