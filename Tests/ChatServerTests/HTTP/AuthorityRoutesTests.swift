import ChatHTTP
import ChatServer
import ChatSystem
import TestKit
import Testing

@Suite("AuthorityRoutes", .timeLimit(.minutes(1)))
struct AuthorityRoutesTests {
  /// The texts of the items of each list with numbers.
  private static func steps(in page: String) -> [[String]] {
    page.split(separator: "<ol>").dropFirst().map { list in
      let end = list.firstRange(of: "</ol>")?.lowerBound ?? list.endIndex
      return list[..<end].split(separator: "<li>").dropFirst().map(String.init)
    }
  }

  @Test("the page has four steps for each device, in both languages, and runs nothing")
  func page() {
    for language in PageLanguage.allCases {
      let page = AuthorityPage.text(
        in: language, fingerprint: "AB:CD", names: ["a<b", "fd00:0:0:0:0:0:0:5", "10.0.0.7"])
      let steps = Self.steps(in: page)
      #expect(steps.count == 5 && steps.allSatisfy { $0.count == 4 })
      #expect(page.contains("<html lang=\"\(language.rawValue)\">"))
      #expect(page.contains("<code>AB:CD</code>") && page.contains("href=\"/ca.crt\""))
      #expect(page.contains("<code>a&lt;b</code>") && page.contains("<code>fd00::5</code>"))
      #expect(page.contains("<code>10.0.0.7</code>"))
      for word in ["iPhone", "Android", "Windows", "macOS", "Linux", "Firefox"] {
        #expect(page.contains(word))
      }
      for word in ["<script", "<style", "style=", "onclick", "src=", "http:", "https:"] {
        #expect(!page.contains(word), "\(word)")
      }
    }
  }

  @Test("it comes in the language that is asked for, with the server's own style alone")
  func languages() throws {
    for (field, language, title) in [
      ("de-DE,de;q=0.9", "de", "Diesem Chat-Server vertrauen"),
      ("fr", "en", "Trust this chat server"),
    ] {
      let reply = try HTTPExchange.reply(to: "GET", "/ca", ["Accept-Language: \(field)"])
      #expect(reply.status == 200 && reply.fields["content-type"] == "text/html; charset=utf-8")
      #expect(reply.content.contains("<h1>\(title)</h1>"))
      #expect(reply.fields["content-language"] == language)
      #expect(reply.fields["vary"] == "Accept-Language")
      #expect(
        reply.fields["content-security-policy"]?.hasPrefix("default-src 'none'; style-src 'self';")
          == true)
    }
  }

  @Test("with the operator's own certificate there is no authority", arguments: ["/ca", "/ca.crt"])
  func operatorsOwn(_ path: String) throws {
    let folder = try TestFolder()
    let openssl = try Program(
      "sh",
      [
        "-c",
        """
        cd "$0" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
          -keyout key.pem -out cert.pem -days 30 -subj /CN=chat.test
        """, folder.path,
      ])
    #expect(try openssl.exitCode() == 0)
    let reply = try HTTPExchange.reply(to: "GET", path) { options in
      options.tlsCertificate = FilePath("\(folder.path)/cert.pem")
      options.tlsKey = FilePath("\(folder.path)/key.pem")
    }
    #expect(reply.status == 404 && reply.content.contains("--tls-cert"))
  }

  @Test("both can only be read", arguments: ["/ca", "/ca.crt"])
  func methods(_ path: String) throws {
    #expect(try HTTPExchange.reply(to: "POST", path).status == 405)
    #expect(try HTTPExchange.reply(to: "GET", path + "/x").status == 404)
  }
}
