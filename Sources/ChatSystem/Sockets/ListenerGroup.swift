internal import Glibc

/// The sockets of a server: one for each address of all its hosts, all with the same port.
///
/// Thread: any; see `Listener`.
package struct ListenerGroup: Sendable {
  /// So many ports that the system chooses are tried: one that is free on one address may not be on another.
  private static let mostAttempts = 32

  /// Those that could be had, at least one, in the order asked for.
  package let listeners: [Listener]

  /// What could not be had.
  package let failures: [ListenError]

  /// Where it listens, in numbers.
  package var addresses: [Address] { listeners.map(\.address) }

  /// Listens on every address of every host. An address that another covers has none of its own: `::` takes
  /// everything, `0.0.0.0` all of IPv4.
  ///
  /// - Parameter port: 0 for one that is free on all of them.
  /// - Throws: `ListenError` if none can be had.
  package init(hosts: [String], port: UInt16) throws(ListenError) {
    var candidates: [Candidate] = []
    var unknown: [ListenError] = []
    for host in hosts.flatMap(Self.expanded) {
      let address = Address(host: host, port: port)
      do throws(ResolutionError) {
        for socketAddress in try address.resolved(toListen: true) {
          let candidate = Candidate(socketAddress, else: address)
          if !candidates.contains(where: { $0.address == candidate.address }) {
            candidates.append(candidate)
          }
        }
      } catch {
        unknown.append(ListenError(address: address, reason: error.reason))
      }
    }
    for attempt in 1... {
      var attempted = Attempt()
      attempted.listen(on: candidates, port: port)
      if attempted.isPortTaken, port == 0, attempt < Self.mostAttempts { continue }
      let failures = unknown + attempted.failures.sorted { $0.key < $1.key }.map(\.value)
      listeners = attempted.listeners.sorted { $0.key < $1.key }.map(\.value)
      self.failures = failures
      if listeners.isEmpty { throw ListenError(failures) }
      return
    }
    // There is always a last attempt.
    throw ListenError(unknown)
  }

  /// This machine has both, whatever its list of hosts says (RFC 6761, 6.3).
  private static func expanded(_ host: String) -> [String] {
    host.lowercased() == "localhost" ? ["127.0.0.1", "::1"] : [host]
  }

  /// Stops listening: connections are refused.
  package func stop() { for listener in listeners { listener.stop() } }

  /// An address to listen on.
  private struct Candidate {
    let socketAddress: SocketAddress
    let address: Address

    init(_ socketAddress: SocketAddress, else address: Address) {
      self.socketAddress = socketAddress
      self.address = socketAddress.numeric ?? address
    }

    /// How much it stands for: the system gives the smaller none where the larger is.
    var breadth: Int { address.host == "::" ? 2 : address.host == "0.0.0.0" ? 1 : 0 }

    func covers(_ other: Candidate) -> Bool {
      breadth > other.breadth && (breadth == 2 || other.socketAddress.family == AF_INET)
    }
  }

  /// What came of listening on all of them, each by its place.
  private struct Attempt {
    var listeners: [Int: Listener] = [:]
    var failures: [Int: ListenError] = [:]
    /// The port that the system chose is taken on another address.
    var isPortTaken = false

    mutating func listen(on candidates: [Candidate], port asked: UInt16) {
      var port = asked
      let order = candidates.indices.sorted { candidates[$0].breadth > candidates[$1].breadth }
      for index in order {
        let candidate = candidates[index]
        if listeners.keys.contains(where: { candidates[$0].covers(candidate) }) { continue }
        var address = candidate.socketAddress
        address.set(port: port)
        do throws(SystemError) {
          let listener = try Listener(on: address)
          listeners[index] = listener
          port = listener.address.port
        } catch {
          isPortTaken = isPortTaken || error.code == EADDRINUSE
          failures[index] = ListenError(
            address: Address(host: candidate.address.host, port: port), reason: error.reason)
        }
      }
    }
  }
}
