import ChatServer
import Foundation
import TestKit
import Testing

/// The page's files, as a browser gets them.
@Suite("PageRoutes", .timeLimit(.minutes(1)))
struct PageRoutesTests {
  /// Where the files are.
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../Sources/ChatPage/Resources").standardizedFileURL

  private static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private static func content(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  @Test(
    "the document is at / and at each room's address",
    arguments: ["/", "/r/lobby", "/r/%23swift", "/r/xehyBK", "/?utm=x"])
  func document(_ path: String) throws {
    let reply = try HTTPExchange.reply(to: "GET", path, ["Host: Chat.example:8080"])
    #expect(reply.status == 200 && reply.fields["content-type"] == "text/html; charset=utf-8")
    #expect(try reply.content == Self.content("index.html"))
    #expect(reply.fields["x-content-type-options"] == "nosniff")
    #expect(reply.fields["referrer-policy"] == "no-referrer")
    #expect(reply.fields["access-control-allow-origin"] == nil)
    let policy = (reply.fields["content-security-policy"] ?? "").split(separator: "; ")
    #expect(policy.first == "default-src 'none'" && policy.contains("script-src 'self'"))
    #expect(!policy.joined().contains("unsafe") && !policy.joined().contains("*"))
  }

  @Test(
    "each file is served with its type, and nothing else is",
    arguments: [
      "/r", "/r/a/b", "/static", "/static/", "/static/none.js", "/static/index.html",
      "/static/../x",
    ])
  func files(_ other: String) throws {
    let types = [
      "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
      "svg": "image/svg+xml",
    ]
    for name in try Self.names() where name != "index.html" {
      let reply = try HTTPExchange.reply(to: "GET", "/static/\(name)")
      #expect(reply.status == 200, "\(name)")
      #expect(try reply.content == Self.content(name))
      #expect(reply.fields["content-type"] == types[String(name.split(separator: ".")[1])])
    }
    #expect([400, 404].contains(try HTTPExchange.reply(to: "GET", other).status))
  }

  @Test("nothing in the page is inline, comes from elsewhere, or is made of strings")
  func plain() throws {
    for name in try Self.names() {
      let text = try Self.content(name)
      for word in [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
        "javascript:",
      ] {
        #expect(!text.contains(word), "\(name): \(word)")
      }
      for match in text.matches(of: /https?:\/\/[a-z0-9.]+/) {
        #expect(match.output == "http://www.w3.org", "\(name): \(match.output)")
      }
    }
    let document = try Self.content("index.html")
    #expect(document.matches(of: /<script(?! type="module" src="\/static\/)/).isEmpty)
    #expect(!document.contains("<style") && !document.contains(" style="))
    #expect(document.matches(of: /\son[a-z]+=/).isEmpty)
  }

  @Test("everything is said in both languages")
  func languages() throws {
    let rows = try Self.content("texts.js").split(separator: "\n").filter { $0.hasSuffix("],") }
    #expect(rows.count > 50)
    for row in rows {
      #expect(
        row.contains(/^\t[\w"-]+: \[(?:"[^"]+"|\(.*\) => .+), (?:"[^"]+"|\(.*\) => .+)\],$/),
        "\(row)")
    }
  }

  @Test("all of it together is small")
  func size() throws {
    let bytes = try Self.names().reduce(0) { try $0 + Self.content($1).utf8.count }
    #expect(bytes < 60_000)
  }
}
