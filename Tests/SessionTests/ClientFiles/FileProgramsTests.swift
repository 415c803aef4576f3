import Foundation
import TestKit
import Testing

/// Our client, and programs that nobody here wrote, send each other files through the server.
@Suite("Files between programs", .timeLimit(.minutes(4)))
struct FileProgramsTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  private static let tools = "\(root)/.build/python"

  /// A server, and how it is reached.
  private struct Place {
    let server: TestServer
    let isEncrypted: Bool
    let key: String

    init(isEncrypted: Bool) throws {
      // On a busy machine the first bytes of TLS may come late.
      server = try TestServer(
        arguments: ["--rate", "0"] + (isEncrypted ? ["--greet-after", "1000"] : []))
      self.isEncrypted = isEncrypted
      let server = server
      try eventually("the server says its fingerprint") {
        server.program.errors.contains("Key:   ")
      }
      key = try #require(server.program.errors.firstMatch(of: /SHA256:[^ \n]+/)).output.description
    }

    var origin: String { "\(isEncrypted ? "https" : "http")://\(server.address)" }
    var flags: [String] { isEncrypted ? ["--fingerprint", key] : [] }

    func client(_ arguments: [String]) throws -> Program {
      try Program("chat-client", arguments + flags + [server.address])
    }
  }

  private enum Sender: String, CaseIterable {
    case client, curl, tuspy, nc

    /// Whether it can send this, and that way.
    func canSend(_ name: String, isEncrypted: Bool) -> Bool {
      switch self {
      case .client, .curl: true
      // It is asked to send in two parts.
      case .tuspy: !["empty", "one", "lf"].contains(name)
      // The classic form ends where the file says so, and nc does not encrypt.
      case .nc: name != "ends" && !isEncrypted
      }
    }

    /// Sends a file to the lobby.
    func send(_ path: String, to place: Place) throws {
      let name = path.split(separator: "/").last.map { String($0) } ?? ""
      let program: Program
      switch self {
      case .client: program = try place.client(["--nick", rawValue, "--send", path])
      case .curl:
        program = try Program(
          "curl", ["-sSfk", "-T", path, "\(place.origin)/lobby/?nick=\(rawValue)"])
      case .tuspy:
        let speaker = try place.server.joinSpeaking(rawValue)
        let token = try #require(speaker.token)
        program = try Program(
          "env",
          [
            "PYTHONPATH=\(FileProgramsTests.tools)", "/usr/bin/python3",
            "\(FileProgramsTests.root)/Tests/OtherPrograms/tus_upload.py", "\(place.origin)/files",
            token, path, FileScript.sha256(of: path),
          ])
        #expect(try program.exitCode(within: 60) == 0, "\(name): \(program.errors)")
        return
      case .nc:
        let script = """
          { printf '\(rawValue)\\n[FILE]:\(name)\\n'; cat '\(path)'; printf '<END>\\nexit\\n'; } \
          | nc -N 127.0.0.1 \(place.server.port)
          """
        program = try Program("sh", ["-c", script])
      }
      #expect(try program.exitCode(within: 60) == 0, "\(name): \(program.errors)")
    }
  }

  /// Fetches a file by curl, wget and nc.
  private static func fetch(_ id: String, _ name: String, from place: Place, _ bytes: [UInt8])
    throws
  {
    let folder = try TestFolder()
    let link = "\(place.origin)/files/\(id)/\(name)"
    for (kind, script) in [
      ("curl", "mkdir curl; cd curl; exec curl -sSfk -OJ '\(link)'"),
      (
        "wget",
        "mkdir wget; cd wget; exec wget -q --no-check-certificate --content-disposition '\(link)'"
      ),
      (
        "nc",
        """
        mkdir nc; cd nc
        printf 'neo\\n[GET]:\(id)\\nexit\\n' | nc -N 127.0.0.1 \(place.server.port) > all
        """
      ),
    ] where kind != "nc" || !place.isEncrypted {
      let program = try Program("sh", ["-c", "cd '\(folder.path)'; \(script)"])
      #expect(try program.exitCode(within: 60) == 0, "\(kind) \(name): \(program.errors)")
      guard kind == "nc" else {
        #expect(folder.bytes(of: "\(kind)/\(name)") == bytes, "\(kind) \(name)")
        continue
      }
      let all = Data(folder.bytes(of: "nc/all"))
      let header = Data("[FILE]:\(name)\tsize=\(bytes.count)\n".utf8)
      let start = try #require(all.range(of: header), "\(name)").upperBound
      #expect([UInt8](all[start...].prefix(bytes.count)) == bytes, "nc \(name)")
      #expect(all[(start + bytes.count)...].starts(with: Data("<END>\n".utf8)), "nc \(name)")
    }
  }

  @Test("each sends to each, byte for byte", arguments: [false, true])
  func everyone(_ isEncrypted: Bool) throws {
    let place = try Place(isEncrypted: isEncrypted)
    let (from, to) = (try TestFolder(), try TestFolder())
    let bob = try place.client(
      ["--nick", "bob", "--downloads", to.path, "--auto-accept", "1G"])
    #expect(try bob.line() == "bob joined!")
    let watcher = try place.server.joinSpeaking("watcher")
    let hasTuspy = FileManager.default.fileExists(atPath: "\(Self.tools)/tusclient")
    if !hasTuspy { print("LEFT OUT: tuspy is not in \(Self.tools)") }
    for (content, bytes) in FileRoundTripTests.contents() {
      for sender in Sender.allCases
      where sender.canSend(content, isEncrypted: isEncrypted) && (sender != .tuspy || hasTuspy) {
        let name = "\(sender)-\(content)"
        let path = "\(from.path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try sender.send(path, to: place)
        try Self.fetch(try watcher.offer(), name, from: place, bytes)
        try eventually("bob has \(name)", within: .seconds(60)) {
          to.names.contains("received_\(name)")
        }
        #expect(to.bytes(of: "received_\(name)") == bytes, "\(name)")
      }
    }
    try bob.endInput()
    _ = try bob.rest()
    #expect(try bob.exitCode() == 0, "\(bob.errors)")
  }
}

extension FileScript {
  /// The SHA-256 of a file in a folder.
  fileprivate static func sha256(of path: String) -> String {
    sha256([UInt8]((try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data())[...])
  }
}
