internal import ChatCore
internal import ChatHTTP
internal import ChatQR
internal import ChatSystem

/// What the server tells of itself to its pages and to programs: `/about.json`, `/rooms.json`, `/qr.svg`.
///
/// Thread: any.
struct AboutRoutes {
  /// The most rooms that are listed.
  private static let mostRooms = 1_000
  /// The longest path of a QR code, in bytes.
  private static let longestPath = 200

  private let server: ServerContext

  init(_ server: ServerContext) { self.server = server }

  /// The server's version, by which address to tell others of it, and what it takes.
  func about(_ head: RequestHead, isEncrypted: Bool) -> HTTPAnswer {
    Self.answer(
      .object([
        "version": .string(ServerOptions.version),
        "origin": .string(origin(of: head, isEncrypted: isEncrypted)),
        "encrypted": .bool(isEncrypted),
        "maxFile": .integer(Int128(server.largestFileBytes)),
      ]))
  }

  /// The public rooms, as `[ROOMS]` lists them.
  func rooms() -> HTTPAnswer {
    let rooms = server.rooms.listed.prefix(Self.mostRooms).map { room in
      JSONValue.object(["name": .string(room.name), "members": .integer(Int128(room.members))])
    }
    return Self.answer(.object(["rooms": .array(rooms)]))
  }

  /// The QR code of a link to a page of the server: `/qr.svg?path=/r/xehyBK`. A path with `%` has that encoded once more.
  func qrCode(_ head: RequestHead, isEncrypted: Bool) -> HTTPAnswer {
    guard let path = head.target.parameter("path"), path.hasPrefix("/"),
      path.utf8.count <= Self.longestPath, path.utf8.allSatisfy({ 0x21...0x7E ~= $0 }),
      let code = QRCode(origin(of: head, isEncrypted: isEncrypted) + path)
    else {
      return .refusal(
        .badRequest, "a link is /qr.svg?path=/PATH, of at most \(Self.longestPath) plain characters"
      )
    }
    var answer = HTTPAnswer(.ok, "image/svg+xml", SVGQRCode.text(of: code))
    answer.head[.cacheControl] = "no-store"
    return answer
  }

  /// The origin by which others can come.
  private func origin(of head: RequestHead, isEncrypted: Bool) -> String {
    let own = Address.ofThisMachine(port: 0)
    return ServerOrigin(
      names: server.knownHosts,
      addresses: ReachableAddresses(listening: server.addresses, own: own),
      needsTLS: server.options.needsTLS
    ).text(for: head.host, isEncrypted: isEncrypted)
  }

  private static func answer(_ value: JSONValue) -> HTTPAnswer {
    var answer = HTTPAnswer(.ok, "application/json", value.text)
    answer.head[.cacheControl] = "no-store"
    return answer
  }
}
