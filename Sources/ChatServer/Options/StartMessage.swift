package import ChatSystem

/// The server's first lines on standard error: how to join, where the data is, how to stop. Pure.
package struct StartMessage: Sendable {
  /// How many addresses are listed.
  private static let namedAddresses = 4

  /// Where it listens, in numbers.
  package var addresses: [Address]
  /// Where other machines reach this one.
  package var ownAddresses: [Address]
  /// The folder of the history and the files; `nil` where nothing is stored.
  package var dataFolder: FilePath?
  /// The fingerprint of the server's key.
  package var fingerprint: String
  /// Other machines have to come with TLS.
  package var needsTLS: Bool
  /// The path by which the server was started: the client is beside it.
  package var program: String

  /// Makes one.
  package init(
    addresses: [Address], ownAddresses: [Address], dataFolder: FilePath?,
    fingerprint: String, needsTLS: Bool = false, program: String
  ) {
    self.needsTLS = needsTLS
    (self.addresses, self.ownAddresses) = (addresses, ownAddresses)
    (self.dataFolder, self.fingerprint, self.program) = (dataFolder, fingerprint, program)
  }

  /// Lines for a terminal, each with its LF.
  package var text: String {
    let client = Process.sibling("chat-client", of: program)
    var lines = ReachableAddresses(listening: addresses, own: ownAddresses).all.prefix(
      Self.namedAddresses
    ).flatMap { address in
      [
        "Join:  \(client)\(address == .standard ? "" : " \(Self.short(address))")",
        needsTLS && !address.isLoopback
          ? "  or:  openssl s_client -quiet -connect \(address)"
          : "  or:  nc \(address.host) \(address.port)",
      ]
    }
    lines.append(dataFolder.map { "Data:  \($0)" } ?? "Data:  none is kept (--no-history)")
    lines.append("Key:   \(fingerprint)")
    lines.append("Stop:  Ctrl-C, or SIGTERM")
    return lines.map { $0 + "\n" }.joined()
  }

  private static func short(_ address: Address) -> String {
    address.port != Address.standard.port
      ? "\(address)"
      : address.host.contains(":") ? "[\(address.host)]" : address.host
  }
}
