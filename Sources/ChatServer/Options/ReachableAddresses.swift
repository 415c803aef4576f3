package import ChatSystem

/// Where a server can be reached. Pure.
package struct ReachableAddresses: Sendable, Equatable {
  /// All of them, in numbers: one that stands for all of the machine's means each of those.
  package let all: [Address]

  /// Makes a list.
  ///
  /// - Parameters:
  ///   - listening: where the server listens, in numbers.
  ///   - own: where other machines reach this one; the ports do not matter.
  package init(listening: [Address], own: [Address]) {
    all = listening.flatMap { address -> [Address] in
      let own = own.map { Address(host: $0.host, port: address.port) }
      let loopback = Address(host: "127.0.0.1", port: address.port)
      switch address.host {
      case "0.0.0.0": return [loopback] + own.filter { !$0.host.contains(":") }
      case "::": return [loopback] + own
      default: return [address]
      }
    }
  }

  /// The first by which other machines reach it; `nil` if they don't.
  package var shared: Address? { all.first { !$0.isLoopback } }
}
