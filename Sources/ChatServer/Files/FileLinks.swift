package import ChatCore
internal import ChatHTTP
package import ChatSystem

/// The links by which one client finds files: with the address by which it found the server.
package struct FileLinks: Sendable, Equatable {
  /// `http://192.168.1.5:55555`.
  private let origin: String

  /// Makes links.
  ///
  /// - Parameters:
  ///   - server: the address by which the client came.
  ///   - isEncrypted: whether they have to be of `https`.
  package init(to server: Address, isEncrypted: Bool) {
    // An IPv4 client of a socket for both.
    let mapped = "::ffff:"
    let isMapped = server.host.hasPrefix(mapped) && server.host.contains(".")
    let address =
      isMapped
      ? Address(host: String(server.host.dropFirst(mapped.count)), port: server.port) : server
    origin = (isEncrypted ? "https://" : "http://") + address.description
  }

  /// The link to a file.
  package func link(to file: SharedFile) -> String { origin + Self.path(of: file) }

  /// The path of a file. The name is for people and for what they save it as: the id is what opens it.
  package static func path(of file: SharedFile) -> String {
    let name = PercentEncoding.encoded(file.name)
    // What follows an id as `sums` are its checksums.
    return "/files/\(file.id)" + (name == "sums" ? "" : "/" + name)
  }
}
