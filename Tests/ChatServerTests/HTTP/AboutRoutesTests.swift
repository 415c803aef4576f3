import ChatQR
import ChatServer
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("AboutRoutes", .timeLimit(.minutes(1)))
struct AboutRoutesTests {
  private struct About: Decodable, Equatable {
    let version, origin: String
    let encrypted: Bool
    let maxFile: UInt64
  }

  private struct Rooms: Decodable {
    struct Room: Decodable, Equatable {
      let name: String
      let members: Int
    }
    let rooms: [Room]
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ reply: HTTPReply
  ) throws -> Value {
    #expect(reply.status == 200 && reply.fields["content-type"] == "application/json")
    #expect(reply.fields["cache-control"] == "no-store")
    return try JSONDecoder().decode(type, from: Data(reply.content.utf8))
  }

  @Test("the server says its version, its origin and what it takes, and repeats no foreign Host")
  func about() throws {
    for host in ["127.0.0.1:55555", "evil.example", "evil.example:1"] {
      let reply = try HTTPExchange.reply(to: "GET", "/about.json", ["Host: \(host)"])
      let about = try Self.decode(About.self, reply)
      #expect(about.version == ServerOptions.version && !about.encrypted && about.maxFile == 0)
      #expect(about.origin.hasPrefix("http://127.0.0.1:") && !reply.content.contains("evil"))
    }
    let folder = try TestFolder()
    let encrypted = try HTTPExchange.replies(
      to: HTTPExchange.request("GET", "/about.json", ["Host: localhost:7"]), isEncrypted: true
    ) { options in
      options.dataFolder = FilePath(folder.path)
      options.maxFileBytes = 5_000_000_000
    }
    let about = try Self.decode(About.self, try #require(encrypted.first))
    #expect(about.origin == "https://localhost:7" && about.encrypted)
    #expect(about.maxFile == 5_000_000_000)
  }

  @Test("the public rooms are listed, and no page by another name reads them")
  func rooms() throws {
    let rooms = try Self.decode(Rooms.self, try HTTPExchange.reply(to: "GET", "/rooms.json"))
    #expect(rooms.rooms == [.init(name: "lobby", members: 0)])
    for field in [
      "Host: evil.example", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site",
    ] {
      let reply = try HTTPExchange.reply(to: "GET", "/rooms.json", [field])
      #expect(reply.status == 403 && reply.fields["chat-code"] == "not-allowed")
    }
  }

  @Test("the QR code is that of the origin and the path, which is decoded once")
  func qrCode() throws {
    for (query, path) in [
      ("/", "/"), ("/r/xehyBK", "/r/xehyBK"), ("%2Fr%2F%2523swift", "/r/%23swift"),
      ("/" + String(repeating: "a", count: 199), "/" + String(repeating: "a", count: 199)),
    ] {
      let reply = try HTTPExchange.reply(
        to: "GET", "/qr.svg?path=\(query)", ["Host: localhost:55555"])
      #expect(reply.status == 200 && reply.fields["content-type"] == "image/svg+xml")
      #expect(reply.fields["cache-control"] == "no-store")
      let code = try #require(QRCode("http://localhost:55555\(path)"))
      #expect(reply.content == SVGQRCode.text(of: code), "\(query)")
    }
    let foreign = try HTTPExchange.replies(
      to: HTTPExchange.request("GET", "/qr.svg?path=/", ["Host: evil.example"]), isEncrypted: true)
    let evil = try #require(QRCode("https://evil.example/"))
    #expect(try #require(foreign.first).content != SVGQRCode.text(of: evil))
  }

  @Test(
    "a path that is none is refused",
    arguments: [
      "", "?path", "?path=", "?path=r", "?path=%00/", "?path=https://evil.example/",
      "?path=/%0A", "?path=/%C3%A9", "?path=/%", "?path=/a%20b", "?other=/",
      "?path=/" + String(repeating: "a", count: 200),
      "?path=" + String(repeating: "%2F", count: 201),
    ])
  func badPaths(_ query: String) throws {
    #expect(try HTTPExchange.reply(to: "GET", "/qr.svg\(query)").status == 400)
  }

  @Test("all can only be read", arguments: ["/about.json", "/rooms.json", "/qr.svg"])
  func methods(_ path: String) throws {
    for method in ["POST", "DELETE", "PATCH"] {
      #expect(try HTTPExchange.reply(to: method, path).status == 405)
    }
    #expect(try HTTPExchange.reply(to: "GET", path + "/").status == 404)
  }
}
