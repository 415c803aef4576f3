internal import ChatCore
internal import ChatFiles
internal import ChatHTTP
internal import ChatSystem

/// A file that a program brings with one request: somebody comes into a room, sends it, and goes.
///
/// `PUT /ROOM/NAME?nick=NICKNAME`, as `curl -T` sends it. It is somebody as whoever comes with `nc` is: under the same
/// rules for nicknames and rooms, seen by all.
///
/// Thread: its session's.
final class FileVisit {
  private let head: RequestHead
  private let address: Address
  private let isEncrypted: Bool
  private let server: ServerContext
  private let client: ConnectedClient
  private let body: UploadBody

  /// What one costs of a connection's rate, in lines: those that tell of the join and the leave, and the announcement.
  static let tokens = 22

  /// Whether a request is one.
  static func isMeant(by head: RequestHead) -> Bool {
    head.method == "PUT" && head.target.segments.count == 2
  }

  /// Whether the whole body was received.
  var hasReceivedAll: Bool { body.hasReceivedAll }

  init(
    _ head: RequestHead, from address: Address, over connection: HTTPConnection,
    isEncrypted: Bool, _ server: ServerContext
  ) {
    (self.head, self.address, self.isEncrypted) = (head, address, isEncrypted)
    self.server = server
    body = UploadBody(of: head, over: connection, server)
    let peer = Peer(transport: SilentTransport(over: connection.transport), address: address)
    client = ConnectedClient(peer: peer, server: server)
  }

  /// Carries the request out.
  ///
  /// - Returns: `nil` if the client is gone before.
  func run() -> HTTPAnswer? {
    do throws(HTTPRefusal) {
      let (room, name, nickname) = try checkRequest()
      try comeIn(to: room, as: nickname)
      let outcome = Result { () throws(HTTPRefusal) in try receive(name) }
      client.end(.left)
      GracefulClose(client: client, isAtEnd: true).run()
      return try outcome.get().map(created)
    } catch {
      return error.answer
    }
  }

  // MARK: The request

  private func checkRequest() throws(HTTPRefusal) -> (RoomName, FileName, Nickname) {
    // Browsers have a page for this: what one of them sends may be somebody else's page's. By which name the server was
    // found does not matter: every browser says of a PUT where it comes from.
    let signs = ["origin", "sec-fetch-site", "sec-fetch-mode"]
    guard signs.allSatisfy({ head.fields.values($0).isEmpty }) else {
      throw HTTPRefusal(.forbidden, "not for browsers", code: "not-allowed")
    }
    let segments = head.target.segments
    guard segments.count == 2, !segments[1].isEmpty else {
      throw HTTPRefusal(.badRequest, "a file is put at /ROOM/NAME?nick=NICKNAME")
    }
    guard let nick = head.target.parameter("nick") else {
      throw HTTPRefusal(.badRequest, "who sends it? /ROOM/NAME?nick=NICKNAME")
    }
    // RFC 9110, section 14.4: it would be a part of a file.
    guard head.fields.values("content-range").isEmpty else {
      throw HTTPRefusal(.badRequest, "a file is put whole: no Content-Range")
    }
    guard !head.fields.values("content-length").isEmpty else {
      throw HTTPRefusal(.lengthRequired, "a file needs a Content-Length")
    }
    do throws(Refusal) {
      let largest = server.largestFileBytes
      guard largest > 0 else { throw Refusal(.fileRefused, "this server stores no files") }
      guard head.contentLength <= largest else {
        throw Refusal(.fileTooLarge, "a file has at most \(ByteCount.text(largest)) here")
      }
      return (
        try RoomName(segments[0]), try FileName(segments[1]), try Nickname.spelled(nick)
      )
    } catch {
      throw server.refuse(error)
    }
  }

  // MARK: The visit

  private func comeIn(to name: RoomName, as nickname: Nickname) throws(HTTPRefusal) {
    let rooms = RoomCommands(client)
    do throws(Refusal) {
      try server.directory.claim(nickname, for: client.peer)
      do throws(Refusal) {
        let room = try rooms.findFirst(name, as: nickname)
        client.setNickname(nickname)
        server.log.info("\(nickname.text) joined from \(address) to send a file")
        rooms.enter(room, as: nickname, since: nil) { _, _ in
          []
        } whenIn: {
          server.directory.list(client.peer, as: nickname)
        }
      } catch {
        server.directory.release(nickname, of: client.peer)
        throw error
      }
    } catch {
      throw server.refuse(error)
    }
  }

  /// Receives the file, and announces it.
  ///
  /// - Returns: `nil` if the client is gone before.
  private func receive(_ name: FileName) throws(HTTPRefusal) -> SharedFile? {
    let block = AddressBlock(of: address)
    guard let files = server.files, let slot = server.transfers.beginUpload(from: block) else {
      throw server.refuse(Refusal(.serverFull, "too many uploads at once; try again later"))
    }
    let upload = try server.shelf { () throws(ShelfError) in
      try files.beginUpload(resumeKey: nil, digest: nil, size: head.contentLength, from: block)
    }
    upload.makeWay = { [transfers = server.transfers] in transfers.makeWay(for: slot) }
    guard try body.receive(into: upload, slot) else { return nil }
    let stored = try server.shelf { () throws(ShelfError) in try upload.finish() }
    do throws(Refusal) { return try client.announce(stored, named: name) } catch {
      throw server.refuse(error)
    }
  }

  // MARK: Answers

  private func created(_ file: SharedFile) -> HTTPAnswer {
    let path = FileLinks.path(of: file)
    let origin = head.host.map { "\(isEncrypted ? "https" : "http")://\($0)" } ?? ""
    var answer = HTTPAnswer(.created, "text/plain; charset=utf-8", "\(origin)\(path)\n")
    answer.head[.location] = ResponseHead.Value(path)
    answer.head[.cacheControl] = "no-store"
    return answer
  }
}
