import ChatSystem
import ChatTLS
import Foundation
import TestKit
import Testing

/// The authority that a server makes for itself, as OpenSSL's command and others see it.
@Suite("CertificateAuthority", .timeLimit(.minutes(2)))
struct CertificateAuthorityTests {
  /// Runs a command in a folder, and returns what it prints.
  @discardableResult
  private static func run(_ script: String, in folder: TestFolder) throws -> String {
    let shell = try Program("sh", ["-c", "cd \"$0\" && \(script)", folder.path])
    let output = try shell.rest()
    guard try shell.exitCode() == 0 else { throw Failure("\(script): \(output) \(shell.errors)") }
    return output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func own(
    _ folder: TestFolder, names: [String] = ["localhost", "box", "box.local"],
    addresses: [String] = ["127.0.0.1", "::1", "192.168.1.5", "fd00::5"]
  ) throws -> OwnCertificate {
    try OwnCertificate(
      in: FilePath(folder.path), host: "box", names: names, addresses: addresses)
  }

  /// Splits the files into `ca.crt` and `leaf.crt`.
  private static func split(_ folder: TestFolder) throws {
    try run(
      "openssl x509 -in tls-ca.pem -out ca.crt && openssl x509 -in tls-cert.pem -out leaf.crt",
      in: folder)
  }

  /// Signs a certificate with the authority's key, for other names, and says what OpenSSL thinks of it.
  private static func verdict(
    on alternative: String, subject: String = "/CN=Chat server", _ folder: TestFolder
  ) throws -> String {
    try run(
      """
      openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout evil.key \
        -subj "\(subject)" -out evil.csr 2>/dev/null && \
      printf 'subjectAltName=\(alternative)\\nextendedKeyUsage=serverAuth\\n' > e.cnf && \
      openssl x509 -req -in evil.csr -CA tls-ca.pem -CAkey tls-ca.pem -CAcreateserial -days 9 \
        -extfile e.cnf -out evil.crt 2>/dev/null && \
      (openssl verify -x509_strict -purpose sslserver -CAfile ca.crt evil.crt 2>&1 || true)
      """, in: folder)
  }

  @Test("OpenSSL accepts the certificate for each name and address, and for no other one")
  func accepted() throws {
    let folder = try TestFolder()
    let own = try Self.own(folder)
    #expect(own.warnings.isEmpty)
    try Self.split(folder)
    for check in [
      "-verify_hostname localhost", "-verify_hostname box.local", "-verify_ip 127.0.0.1",
      "-verify_ip ::1", "-verify_ip 192.168.1.5", "-verify_ip fd00::5",
    ] {
      let output = try Self.run(
        "openssl verify -x509_strict -purpose sslserver \(check) -CAfile ca.crt leaf.crt",
        in: folder)
      #expect(output == "leaf.crt: OK")
    }
    for check in ["-verify_hostname example.org", "-verify_ip 192.168.1.6"] {
      let output = try Self.run(
        "(openssl verify \(check) -CAfile ca.crt leaf.crt 2>&1 || true)", in: folder)
      #expect(output.contains("mismatch"))
    }
  }

  @Test("it is an authority for servers alone, below which there is no other one, for ten years")
  func shape() throws {
    let folder = try TestFolder()
    let own = try Self.own(folder)
    try Self.split(folder)
    let text = try Self.run("openssl x509 -in ca.crt -noout -text", in: folder)
    for part in [
      "CN = Chat server on box", "Basic Constraints: critical\n                CA:TRUE, pathlen:0",
      "Key Usage: critical\n                Certificate Sign\n", "Name Constraints: critical",
      "DNS:localhost", "DNS:box.local", "IP:192.168.1.5/255.255.255.255",
      "IP:127.0.0.1/255.255.255.255", "TLS Web Server Authentication", "email:invalid",
      "URI:invalid",
    ] {
      #expect(text.contains(part), "\(part): \(text)")
    }
    #expect(
      try Self.run("stat -c %a tls-ca.pem tls-cert.pem tls-key.pem", in: folder) == "600\n600\n600")
    #expect(
      try Self.run("openssl x509 -in ca.crt -noout -fingerprint -sha256", in: folder)
        == "sha256 Fingerprint=\(own.authority.fingerprint)")
    try Data(own.authority.encoded).write(to: URL(fileURLWithPath: "\(folder.path)/ca.der"))
    try Self.run("openssl x509 -inform der -in ca.der | cmp - ca.crt", in: folder)
    #expect(own.authority.names.contains("192.168.1.5") && own.authority.names.contains("box"))
    // Browsers take 397 days at most; nine years of the authority are left at least.
    try Self.run("! openssl x509 -in leaf.crt -noout -checkend 34300800", in: folder)
    try Self.run("openssl x509 -in ca.crt -noout -checkend 283824000", in: folder)
  }

  @Test(
    "what the authority signs for others is refused",
    arguments: [
      "DNS:example.org", "DNS:notbox", "IP:192.168.1.6", "IP:8.8.8.8", "IP:2001:db8::1",
      "DNS:localhost,DNS:example.org", "email:a@example.org", "URI:https://example.org/",
    ])
  func refused(_ alternative: String) throws {
    let folder = try TestFolder()
    // No address of either family is its own: both are forbidden nevertheless.
    _ = try Self.own(folder, names: ["box"], addresses: [])
    try Self.split(folder)
    let verdict = try Self.verdict(on: alternative, folder)
    #expect(verdict.contains("permitted subtree violation"), "\(verdict)")
    // The same, made out to the server, is accepted: it is the name that counts.
    #expect(try Self.verdict(on: "DNS:box", folder) == "evil.crt: OK")
    // Where there is no name of the domain name system, the subject may be taken for one.
    let subject = try Self.verdict(on: "IP:127.0.0.1", subject: "/CN=example.org", folder)
    #expect(subject.contains("permitted subtree violation"), "\(subject)")
  }

  @Test("no kind of name is constrained that the libraries of Go and Rust refuse")
  func kinds() throws {
    let folder = try TestFolder()
    _ = try Self.own(folder)
    try Self.split(folder)
    let kinds = try Self.run(
      """
      openssl x509 -in ca.crt -noout -ext nameConstraints | sed -n 's/^ *\\([A-Za-z]*\\):.*/\\1/p' \
        | sort -u | tr '\\n' ' '
      """, in: folder)
    #expect(kinds == "DNS IP Permitted URI email", "\(kinds)")
  }

  @Test("an authority below it, and a certificate for something else than a server, are refused")
  func otherPurposes() throws {
    let folder = try TestFolder()
    _ = try Self.own(folder)
    try Self.split(folder)
    try Self.run(
      """
      openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout sub.key \
        -subj "/CN=Chat server" -out sub.csr 2>/dev/null && \
      printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign\\n' > s.cnf && \
      openssl x509 -req -in sub.csr -CA tls-ca.pem -CAkey tls-ca.pem -CAcreateserial -days 9 \
        -extfile s.cnf -out sub.crt && \
      openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout low.key \
        -subj "/CN=Chat server" -out low.csr 2>/dev/null && \
      printf 'subjectAltName=DNS:box\\n' > l.cnf && \
      openssl x509 -req -in low.csr -CA sub.crt -CAkey sub.key -CAcreateserial -days 9 \
        -extfile l.cnf -out low.crt
      """, in: folder)
    let below = try Self.run(
      "(openssl verify -CAfile ca.crt -untrusted sub.crt low.crt 2>&1 || true)", in: folder)
    #expect(below.contains("path length constraint exceeded"), "\(below)")
    let mail = try Self.run(
      "(openssl verify -purpose smimesign -CAfile ca.crt leaf.crt 2>&1 || true)", in: folder)
    #expect(mail.contains("unsuitable certificate purpose"), "\(mail)")
  }

  @Test("a data folder from before there was an authority keeps its key, and so its fingerprint")
  func upgrade() throws {
    let folder = try TestFolder()
    // As the server made them: the certificate signed with its own key.
    try Self.run(
      """
      openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out tls-key.pem && \
      openssl req -x509 -key tls-key.pem -subj /CN=chat-server -days 365 \
        -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
        -addext subjectAltName=DNS:localhost,DNS:box,DNS:box.local,IP:127.0.0.1,IP:::1,IP:192.168.1.5,IP:fd00::5 \
        -out tls-cert.pem && cp tls-key.pem before.pem
      """, in: folder)
    let before = try TLSIdentity(
      certificate: FilePath("\(folder.path)/tls-cert.pem"),
      key: FilePath("\(folder.path)/tls-key.pem"))
    let own = try Self.own(folder)
    #expect(own.identity.fingerprint == before.fingerprint && own.warnings.isEmpty)
    try Self.run("cmp tls-key.pem before.pem", in: folder)
    try Self.split(folder)
    #expect(try Self.run("openssl verify -CAfile ca.crt leaf.crt", in: folder) == "leaf.crt: OK")
  }

  @Test("it stays while it covers all names, and is made again, with a warning, when it does not")
  func coverage() throws {
    let folder = try TestFolder()
    let first = try Self.own(folder)
    let again = try Self.own(folder)
    #expect(again.authority == first.authority && again.warnings.isEmpty)
    let fewer = try Self.own(folder, names: ["box"], addresses: ["fd00::5"])
    #expect(fewer.authority == first.authority && fewer.warnings.isEmpty)
    for (names, addresses, word) in [
      (["localhost", "box.lan"], ["127.0.0.1"], "box.lan"),
      (["localhost"], ["127.0.0.1", "10.0.0.7"], "10.0.0.7"),
      (["localhost"], ["127.0.0.1", "fd00::6"], "fd00:0:0:0:0:0:0:6"),
    ] {
      let before = try Self.own(folder, names: ["localhost"], addresses: [])
      let wider = try Self.own(folder, names: names, addresses: addresses)
      #expect(wider.authority.fingerprint != before.authority.fingerprint)
      #expect(wider.warnings.count == 1 && wider.warnings.first?.contains(word) == true)
      #expect(wider.identity.fingerprint == first.identity.fingerprint)
      try Self.split(folder)
      #expect(try Self.run("openssl verify -CAfile ca.crt leaf.crt", in: folder) == "leaf.crt: OK")
    }
  }

  @Test("the certificate is made again when a third of its time is left, by the same authority")
  func renewal() throws {
    let folder = try TestFolder()
    let first = try Self.own(folder)
    for (days, stays) in [(130, true), (110, false)] {
      try Self.run(
        """
        openssl req -new -key tls-key.pem -subj "/CN=Chat server" -out new.csr && \
        printf 'subjectAltName=DNS:localhost,DNS:box,DNS:box.local,IP:127.0.0.1,IP:::1,IP:192.168.1.5,IP:fd00::5\\n' > new.cnf && \
        openssl x509 -req -in new.csr -CA tls-ca.pem -CAkey tls-ca.pem -CAcreateserial \
          -days \(days) -extfile new.cnf -out new.crt && \
        (cat new.crt; openssl x509 -in tls-ca.pem) > tls-cert.pem && cp tls-cert.pem before.pem && sleep 1
        """, in: folder)
      let own = try Self.own(folder)
      #expect(own.authority == first.authority && own.warnings.isEmpty)
      try Self.run("\(stays ? "" : "! ")cmp -s tls-cert.pem before.pem", in: folder)
    }
  }

  @Test(
    "an authority that is damaged, or that may do more than it should, is replaced, with a warning",
    arguments: [
      "echo nonsense > tls-ca.pem", ": > tls-ca.pem", "sed -i 4,6d tls-ca.pem",
      "cp tls-key.pem tls-ca.pem", "openssl x509 -in tls-ca.pem > x && mv x tls-ca.pem",
      "cat tls-cert.pem >> tls-ca.pem", "ln -sf nowhere tls-ca.pem",
      "(cat tls-key.pem; openssl x509 -in tls-ca.pem) > x && mv x tls-ca.pem",
      // Without constraints, and with ones that a program may ignore.
      """
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c \
        -days 3650 -subj /CN=x 2>/dev/null && cat k c > tls-ca.pem
      """,
      """
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c \
        -addext 'nameConstraints=permitted;DNS:box' -days 3650 -subj /CN=x 2>/dev/null && \
        cat k c > tls-ca.pem
      """,
    ])
  func damaged(_ script: String) throws {
    let folder = try TestFolder()
    let first = try Self.own(folder)
    try Self.run(script, in: folder)
    let own = try Self.own(folder)
    #expect(own.identity.fingerprint == first.identity.fingerprint)
    #expect(own.authority.fingerprint != first.authority.fingerprint)
    #expect(own.warnings.count == 1 && own.warnings.first?.contains("tls-ca.pem: ") == true)
    #expect(try Self.own(folder).warnings.isEmpty)
    #expect(try Self.run("test ! -L tls-ca.pem && stat -c %a tls-ca.pem", in: folder) == "600")
  }
}
