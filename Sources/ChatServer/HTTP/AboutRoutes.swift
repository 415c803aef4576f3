internal import ChatCore
internal import ChatHTTP
internal import ChatSystem

/// What the server tells of itself to its pages and to programs, in JSON: `/about.json`, `/rooms.json`.
///
/// Thread: any.
struct AboutRoutes {
  /// The most rooms that are listed.
  private static let mostRooms = 1_000

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
