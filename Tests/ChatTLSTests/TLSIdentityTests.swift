import ChatSystem
import ChatTLS
import Foundation
import TestKit
import Testing

@Suite("TLSIdentity", .timeLimit(.minutes(2)))
struct TLSIdentityTests {
  /// Runs a command in a folder, and returns what it prints.
  @discardableResult
  private static func run(_ script: String, in folder: TestFolder) throws -> String {
    let shell = try Program("sh", ["-c", "cd \"$0\" && \(script)", folder.path])
    let output = try shell.rest()
    guard try shell.exitCode() == 0 else { throw Failure("\(script): \(shell.errors)") }
    return output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func path(_ folder: TestFolder, _ name: String = "") -> FilePath {
    FilePath(Array("\(folder.path)/\(name)".utf8))
  }

  private static func own(
    _ folder: TestFolder, names: [String] = ["localhost"],
    addresses: [String] = ["127.0.0.1", "::1"]
  ) throws -> TLSIdentity {
    try OwnCertificate(in: path(folder), names: names, addresses: addresses).identity
  }

  private static func bytes(_ folder: TestFolder, _ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))
  }

  @Test("a certificate that is damaged, of the chain or with a key that nobody takes, is refused")
  func unusable() throws {
    let folder = try TestFolder()
    _ = try Self.own(folder)
    // The second certificate lacks its middle.
    try Self.run("(cat tls-cert.pem; sed 4,6d tls-cert.pem) > chain.pem", in: folder)
    #expect(throws: TLSError.self) {
      try TLSIdentity(
        certificate: Self.path(folder, "chain.pem"), key: Self.path(folder, "tls-key.pem"))
    }
    try Self.run(
      """
      openssl ecparam -name secp256k1 -genkey -noout -out k1.pem && \
      openssl req -x509 -key k1.pem -subj /CN=a -days 9 -out c1.pem
      """, in: folder)
    #expect(throws: TLSError.self) {
      try TLSIdentity(certificate: Self.path(folder, "c1.pem"), key: Self.path(folder, "k1.pem"))
    }
    for kind in ["rsa:2048", "ed25519", "ec -pkeyopt ec_paramgen_curve:P-384"] {
      try Self.run(
        "openssl req -x509 -newkey \(kind) -nodes -keyout k.pem -subj /CN=a -days 9 -out c.pem",
        in: folder)
      _ = try TLSIdentity(certificate: Self.path(folder, "c.pem"), key: Self.path(folder, "k.pem"))
    }
  }

  @Test("a link in the key's place that leads nowhere is not replaced")
  func danglingKey() throws {
    let folder = try TestFolder()
    try Self.run("ln -s nowhere tls-key.pem", in: folder)
    #expect(throws: TLSError.self) { try Self.own(folder) }
    try Self.run("test -L tls-key.pem && test ! -e nowhere", in: folder)
  }

  @Test("the fingerprint is that of openssl")
  func fingerprint() throws {
    let folder = try TestFolder()
    let identity = try Self.own(folder)
    let digest = try Self.run(
      """
      openssl x509 -in tls-cert.pem -noout -pubkey | openssl pkey -pubin -outform der \
        | openssl dgst -sha256 -binary | base64
      """, in: folder)
    #expect(identity.fingerprint.description + "=" == "SHA256:\(digest)")
    #expect(KeyFingerprint(identity.fingerprint.description) == identity.fingerprint)
    for text in ["", "SHA256:", "SHA256:\(digest)", "sha256:" + digest.dropLast(), "MD5:abc"] {
      #expect(KeyFingerprint(text) == nil)
    }
  }

  @Test("a server's own certificate: for its names, its owner alone reads the key")
  func ownCertificate() throws {
    let folder = try TestFolder()
    let identity = try Self.own(
      folder, names: ["localhost", "box.local", "no name", "a,DNS:evil"],
      addresses: ["127.0.0.1", "::1", "192.168.1.5", "x"])
    #expect(identity.warning == nil)
    #expect(try Self.run("stat -c %a tls-key.pem", in: folder) == "600")
    let text = try Self.run("openssl x509 -in tls-cert.pem -noout -text", in: folder)
    for part in [
      "DNS:localhost", "DNS:box.local", "IP Address:127.0.0.1", "IP Address:192.168.1.5",
      "IP Address:0:0:0:0:0:0:0:1", "CA:FALSE", "TLS Web Server Authentication", "prime256v1",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains("evil") && !text.contains("no name"))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.sorted() == ["tls-ca.pem", "tls-cert.pem", "tls-key.pem"])
  }

  @Test("it stays as long as it serves; made again, it has the same key")
  func renewal() throws {
    let folder = try TestFolder()
    let first = try Self.own(folder)
    let certificate = try Self.bytes(folder, "tls-cert.pem")
    #expect(try Self.own(folder).fingerprint == first.fingerprint)
    #expect(try Self.own(folder, names: []).fingerprint == first.fingerprint)
    for host in ["0.0.0.0", "::", "192.168.7.7"] {
      #expect(try Self.own(folder, names: ["localhost", host]).fingerprint == first.fingerprint)
    }
    #expect(try Self.bytes(folder, "tls-cert.pem") == certificate)
    let wider = try Self.own(folder, addresses: ["127.0.0.1", "::1", "10.0.0.7"])
    #expect(wider.fingerprint == first.fingerprint)
    #expect(try Self.bytes(folder, "tls-cert.pem") != certificate)
    // About to expire, damaged, gone.
    for script in [
      "openssl req -x509 -key tls-key.pem -subj /CN=x -days 10 -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 -out tls-cert.pem",
      "echo nonsense > tls-cert.pem", "rm tls-cert.pem",
      "rm tls-cert.pem && touch tls-cert.pem.new",
    ] {
      try Self.run(script, in: folder)
      let before = try? Self.bytes(folder, "tls-cert.pem")
      #expect(try Self.own(folder).fingerprint == first.fingerprint)
      #expect(try Self.bytes(folder, "tls-cert.pem") != before)
    }
  }

  @Test(
    "a key that can't be read is not replaced, and the error names it",
    arguments: [
      "echo nonsense > tls-key.pem", ": > tls-key.pem", "rm tls-key.pem && mkdir tls-key.pem",
    ])
  func damagedKey(_ script: String) throws {
    let folder = try TestFolder()
    _ = try Self.own(folder)
    try Self.run(script, in: folder)
    let before = try? Self.bytes(folder, "tls-key.pem")
    #expect { _ = try Self.own(folder) } throws: {
      ($0 as? TLSError)?.kind == .file && "\($0)".contains("tls-key.pem: ")
    }
    #expect((try? Self.bytes(folder, "tls-key.pem")) == before)
  }

  private static let make = """
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem \
      -out cert.pem -days 30 -subj /CN=chat.test -addext subjectAltName=DNS:chat.test
    """

  @Test("somebody's own certificate and key, RSA as well, and a chain")
  func files() throws {
    let folder = try TestFolder()
    try Self.run(Self.make, in: folder)
    _ = try TLSIdentity(
      certificate: Self.path(folder, "cert.pem"), key: Self.path(folder, "key.pem"))
    try Self.run("cp cert.pem first.pem && cat first.pem cert.pem > chain.pem", in: folder)
    let identity = try TLSIdentity(
      certificate: Self.path(folder, "chain.pem"), key: Self.path(folder, "key.pem"))
    #expect(identity.warning == nil)
    _ = try TLSPair(identity)
    try Self.run(
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=x",
      in: folder)
    _ = try TLSPair(
      TLSIdentity(certificate: Self.path(folder, "cert.pem"), key: Self.path(folder, "key.pem")))
  }

  @Test(
    "files that can't be used: one line names the file, and why",
    arguments: [
      ("rm cert.pem", "cert.pem: No such file"), ("rm key.pem", "key.pem: No such file"),
      ("echo x > cert.pem", "cert.pem: holds no certificate"),
      (": > key.pem", "key.pem: holds no private key"),
      ("cp key.pem cert.pem", "cert.pem: holds no certificate"),
      ("cp cert.pem key.pem", "key.pem: holds no private key"),
      ("openssl ecparam -genkey -name prime256v1 -out key.pem", "key.pem: is not the key of"),
      ("openssl ec -in key.pem -aes128 -passout pass:x -out new && mv new key.pem", "is encrypted"),
      ("rm cert.pem && mkdir cert.pem", "cert.pem: "),
      ("head -c 200 cert.pem > x && mv x cert.pem", "cert.pem: holds no certificate"),
    ])
  func unusable(_ script: String, _ words: String) throws {
    let folder = try TestFolder()
    try Self.run(Self.make, in: folder)
    try Self.run(script, in: folder)
    #expect {
      _ = try TLSIdentity(
        certificate: Self.path(folder, "cert.pem"), key: Self.path(folder, "key.pem"))
    } throws: {
      "\($0)".contains(words) && !"\($0)".contains("\n") && ($0 as? TLSError)?.kind == .file
    }
  }

  @Test("an expired certificate is used, with a warning")
  func expired() throws {
    let folder = try TestFolder()
    try Self.run(Self.make, in: folder)
    try Self.run(
      "openssl x509 -in cert.pem -signkey key.pem -days -1 -out old.pem && mv old.pem cert.pem",
      in: folder)
    let identity = try TLSIdentity(
      certificate: Self.path(folder, "cert.pem"), key: Self.path(folder, "key.pem"))
    #expect(identity.warning?.contains("no longer valid") == true)
  }
}
