package import ChatClientModel
internal import ChatSystem

/// How the server is reached, and when it is tried again: always the same server, whose lines keep their numbers.
package struct ServerRoute {
  /// Connects; `nil` if the server can't be reached.
  let connect: () -> Connection?
  /// The policy that begins when a connection was lost.
  let policy: (Moment) -> ReconnectPolicy

  /// Over TCP.
  init(to address: Address) {
    self.init { try? Connection(to: address) }
  }

  /// Over what `connect` makes.
  package init(
    policy: @escaping (Moment) -> ReconnectPolicy = { ReconnectPolicy(now: $0) },
    connect: @escaping () -> Connection?
  ) {
    (self.policy, self.connect) = (policy, connect)
  }
}
