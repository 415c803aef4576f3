package import ChatClientModel
internal import ChatSystem

/// How the server is reached, and when it is tried again: always the same server, whose lines keep their numbers.
package struct ServerRoute {
  /// Connects; `nil` if the server can't be reached.
  ///
  /// - Throws: how the client ends if that is not to be trusted any more.
  let connect: () throws(ClientExit) -> Connection?
  /// The policy that begins when a connection was lost.
  let policy: (Moment) -> ReconnectPolicy

  /// Over TCP, and TLS where that is to be.
  init(to address: Address, _ trust: ServerTrust, _ output: any ClientOutput) {
    self.init { () throws(ClientExit) in
      do throws(ConnectFailure) {
        // Nobody is asked while a lost connection is replaced.
        let stream = try trust.connect(to: address, asking: nil, warn: output.complain)
        return Connection(over: stream)
      } catch {
        guard case .distrusted(let reason) = error else { return nil }
        output.complain(reason)
        throw .refused
      }
    }
  }

  /// Over what `connect` makes.
  package init(
    policy: @escaping (Moment) -> ReconnectPolicy = { ReconnectPolicy(now: $0) },
    connect: @escaping () throws(ClientExit) -> Connection?
  ) {
    (self.policy, self.connect) = (policy, connect)
  }
}
