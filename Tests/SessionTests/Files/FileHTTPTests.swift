import ChatCore
import Foundation
import TestKit
import Testing

/// Files by HTTP, with the programs that people have, and raw requests.
@Suite("Files by HTTP", .timeLimit(.minutes(3)))
struct FileHTTPTests {
  private static let bytes = FileScript("", "", size: 3_000_000).bytes

  /// Runs a program to its end.
  @discardableResult
  private static func run(
    _ name: String, _ arguments: [String], expecting code: Int32 = 0
  ) throws -> String {
    let program = try Program(name, arguments)
    let output = try program.rest()
    #expect(try program.exitCode() == code, "\(program.errors)")
    return output
  }

  /// What curl says of a request: `200 123`, the status and how many bytes of content came.
  private static func status(_ arguments: [String]) throws -> String {
    let format = "%{http_code} %{size_download}"
    return try run("curl", ["-sSk", "-o", "/dev/null", "-w", format] + arguments)
  }

  /// The fields of an answer, their names in lower case.
  private static func fields(_ arguments: [String]) throws -> [String: String] {
    let head = try run("curl", ["-sSki", "-o", "/dev/null", "-D", "-"] + arguments)
    var fields: [String: String] = [:]
    for line in head.components(separatedBy: "\r\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] = String(line[colon...].dropFirst(2))
    }
    return fields
  }

  @Test("an id has 128 random bits, and opens the file by any name, over TLS as well")
  func byID() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload("report.pdf", Self.bytes)
    // 22 of 62 characters.
    #expect(id.utf8.count == 22)
    let folder = try TestFolder()
    for scheme in ["http", "https"] {
      let link = "\(scheme)://\(server.address)/files/\(id)"
      for (number, path) in ["", "/report.pdf", "/other%20name"].enumerated() {
        try Self.run("curl", ["-sSk", "-o", "\(folder.path)/\(scheme)\(number)", link + path])
        #expect(folder.bytes(of: "\(scheme)\(number)") == Self.bytes)
      }
    }
    #expect(try Self.status(["-I", "http://\(server.address)/files/\(id)"]) == "200 0")
    #expect(try Self.status(["-X", "POST", "http://\(server.address)/files/\(id)"]).first == "4")
  }

  @Test("the head says what it is, what it is called, and what it has to be")
  func head() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let bytes = Array("<script>alert(1)</script>".utf8)
    let link = "http://\(server.address)/files/\(try alice.upload("p\"ä.html", bytes))"
    let fields = try Self.fields([link])
    #expect(fields["content-type"] == "application/octet-stream")
    #expect(
      fields["content-disposition"]
        == "attachment; filename=\"p__.html\"; filename*=UTF-8''p%22%C3%A4.html")
    #expect(
      fields["content-security-policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'")
    #expect(fields["x-content-type-options"] == "nosniff")
    #expect(fields["cross-origin-resource-policy"] == "same-origin")
    #expect(fields["access-control-allow-origin"] == nil)
    #expect(fields["accept-ranges"] == "bytes" && fields["content-length"] == "25")
    let digest = try TestSocket.digest(bytes)
    #expect(fields["etag"] == "\"sha256-\(digest.hex)\"")
    var raw: [UInt8] = []
    digest.append(to: &raw)
    #expect(fields["repr-digest"] == "sha-256=:\(Data(raw).base64EncodedString()):")
    #expect(try Self.status(["-H", "If-None-Match: \(fields["etag"] ?? "")", link]) == "304 0")
    #expect(try Self.status(["-H", "If-Match: \"other\"", link]).hasPrefix("412"))
  }

  @Test(
    "images are told by their bytes and may be shown; SVG and pages never are",
    arguments: [
      ("a.txt", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0] as [UInt8], "image/png"),
      ("b", [0xFF, 0xD8, 0xFF, 0xE0], "image/jpeg"), ("c", Array("GIF89a;".utf8), "image/gif"),
      ("d", Array("RIFF____WEBPVP8 ".utf8), "image/webp"),
      ("e.png", Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8), nil),
      ("f.png", [0x89, 0x50, 0x4E, 0x47], nil), ("g.jpg", [], nil),
    ])
  func images(_ name: String, _ bytes: [UInt8], _ type: String?) throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload(name, bytes)
    let fields = try Self.fields(["http://\(server.address)/files/\(id)/\(name)"])
    #expect(fields["content-type"] == type ?? "application/octet-stream")
    let shown = fields["content-disposition"]?.prefix { $0 != ";" }
    #expect(shown == (type == nil ? "attachment" : "inline"))
  }

  @Test("ranges: the part that is asked for, or all, or 416")
  func ranges() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let link = "http://\(server.address)/files/\(try alice.upload("a", Self.bytes))"
    let (size, folder) = (Self.bytes.count, try TestFolder())
    for (range, wanted) in [
      ("0-0", 0..<1), ("-1", size - 1..<size), ("1000000-", 1_000_000..<size),
      ("5-999999999", 5..<size), ("-999999999", 0..<size),
    ] {
      let path = "\(folder.path)/part"
      let format = "%{http_code} %header{content-range}"
      let said = try Self.run("curl", ["-sS", "-r", range, "-o", path, "-w", format, link])
      #expect(said == "206 bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(size)")
      #expect(folder.bytes(of: "part") == Array(Self.bytes[wanted]), "\(range)")
    }
    #expect(try Self.status(["-H", "Range: bytes=0-0,5-6", link]) == "200 \(size)")
    #expect(try Self.status(["-r", "\(size)-", link]).hasPrefix("416"))
    #expect(try Self.fields(["-r", "\(size)-", link])["content-range"] == "bytes */\(size)")
    let tag = try Self.fields([link])["etag"] ?? ""
    #expect(try Self.status(["-r", "1-2", "-H", "If-Range: \(tag)", link]) == "206 2")
    #expect(try Self.status(["-r", "1-2", "-H", "If-Range: \"x\"", link]) == "200 \(size)")
  }

  @Test("curl -C - and wget -c go on after the server was killed in the middle")
  func resumption() throws {
    let (data, folder) = (try TestFolder(), try TestFolder())
    // More than the system keeps on its way.
    let bytes = FileScript("", "", size: 40_000_000).bytes
    var server = try TestServer("--rate", "0", data: data)
    let id = try server.joinSpeaking("alice").upload("film.mkv", bytes)
    let link = "http://\(server.address)/files/\(id)/film.mkv"
    let first = ["-sS", "--limit-rate", "1M", "-o", "\(folder.path)/curl", link]
    let curl = try Program("curl", first)
    let wget = try Program(
      "wget", ["-q", "--limit-rate=1M", "--tries=1", "-O", "\(folder.path)/wget", link])
    try eventually("some has come") {
      ["curl", "wget"].allSatisfy { folder.size(of: $0) > 100_000 }
    }
    server.program.signal(SIGKILL)
    #expect(try curl.exitCode() != 0)
    #expect(try wget.exitCode() != 0)
    server = try TestServer("--rate", "0", data: data, port: server.port)
    let lengths = ["curl", "wget"].map { folder.size(of: $0) }
    #expect(lengths.allSatisfy { $0 < bytes.count })
    try Self.run("curl", ["-sS", "-C", "-", "-o", "\(folder.path)/curl", link])
    try Self.run("wget", ["-q", "-c", "-O", "\(folder.path)/wget", link])
    for name in ["curl", "wget"] { #expect(folder.bytes(of: name) == bytes, "\(name)") }
  }

  @Test("the sums of a file's blocks")
  func sums() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let link = "http://\(server.address)/files/\(try alice.upload("a", Self.bytes))"
    let wanted = stride(from: 0, to: Self.bytes.count, by: 1_048_576).map {
      FileScript.sha256(Self.bytes[$0..<min($0 + 1_048_576, Self.bytes.count)]) + "\n"
    }
    #expect(try Self.run("curl", ["-sS", "\(link)/sums"]) == wanted.joined())
    let empty = try alice.upload("sums", [])
    let none = FileScript.sha256([]) + "\n"
    let sums = try Self.run("curl", ["-sS", "http://\(server.address)/files/\(empty)/sums"])
    #expect(sums == none || sums.isEmpty)
  }

  @Test("a wrong id is 404, a file that is no longer kept 410, after a restart as well")
  func missing() throws {
    let data = try TestFolder()
    let limits = ["--rate", "0", "--max-file", "4M", "--max-files", "4M"]
    var server = try TestServer(arguments: limits, data: data)
    let alice = try server.joinSpeaking("alice")
    let first = try alice.upload("a", Self.bytes)
    let second = try alice.upload("b", Self.bytes.reversed())
    for isRestarted in [false, true] {
      if isRestarted {
        server.program.signal(SIGTERM)
        _ = try server.program.exitCode()
        server = try TestServer(arguments: limits, data: data)
      }
      let link = "http://\(server.address)/files"
      #expect(try Self.status(["\(link)/\(first)"]).hasPrefix("410"))
      #expect(try Self.status(["\(link)/\(first)/sums"]).hasPrefix("410"))
      #expect(try Self.status(["\(link)/\(second)"]) == "200 \(Self.bytes.count)")
      let other = "\(second.dropLast())\(second.last == "A" ? "B" : "A")"
      for path in ["", "/", "/\(other)", "/%00", "/\(second)/b/c"] {
        #expect(try Self.status([link + path]).first == "4", "\(path)")
      }
      #expect(try Self.status(["\(link)/\(second.dropLast())"]).hasPrefix("404"))
    }
  }

  @Test("no page from elsewhere can show or read a file; a link to it can be followed")
  func otherPages() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let link = "http://\(server.address)/files/\(try alice.upload("a", Self.bytes))"
    let whole = "200 \(Self.bytes.count)"
    let cases: [([String], String)] = [
      (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"], "403"),
      (["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"], "403"),
      (["Origin: http://evil.example"], "403"), (["Origin: null"], "403"),
      (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"], whole),
      (["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"], whole),
      (["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"], whole), ([], whole),
    ]
    for (fields, wanted) in cases {
      let said = try Self.status(fields.flatMap { ["-H", $0] } + [link])
      #expect(said.hasPrefix(wanted), "\(fields)")
      let sums = try Self.status(fields.flatMap { ["-H", $0] } + [link + "/sums"])
      #expect(sums.hasPrefix(wanted.prefix(3)), "\(fields)")
    }
  }

  @Test("who has a file half is no longer served once the server stops")
  func stop() throws {
    let server = try TestServer("--rate", "0", "--max-file", "50M")
    let alice = try server.joinSpeaking("alice")
    let bytes = FileScript("", "", size: 40_000_000).bytes
    let link = "http://\(server.address)/files/\(try alice.upload("a", bytes))"
    let curl = try Program("curl", ["-sS", "--limit-rate", "1M", "-o", "/dev/null", link])
    try eventually("it is sent") { server.writtenBytes > 40_500_000 }
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode() == 0)
    #expect(try curl.exitCode() != 0)
  }
}
