import ChatSystem
import Foundation
import TestKit
import Testing

/// The authority that a server makes for itself, as those who trust it meet it.
@Suite("The server's own authority", .timeLimit(.minutes(2)))
struct AuthorityTests {
  /// Gets `/ca.crt`, and makes `ca.pem` of it.
  private static func download(_ server: TestServer, _ folder: TestFolder) throws {
    let shell = try Program(
      "sh",
      [
        "-c",
        """
        cd "$0" && curl -sSf -D head -o ca.crt "http://$1/ca.crt" && \
        openssl x509 -inform der -in ca.crt -out ca.pem
        """, folder.path, server.address,
      ])
    #expect(try shell.exitCode() == 0, "\(shell.errors)")
  }

  private static let python = """
    import socket, ssl, sys
    context = ssl.create_default_context(cafile=sys.argv[1])
    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as plain:
        with context.wrap_socket(plain, server_hostname=sys.argv[3]) as tls:
            tls.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
            print(tls.recv(65536).decode().split("\\r\\n")[0])
    """

  @Test("whoever trusts /ca.crt has no doubt: curl, wget, Python, openssl, chat-client")
  func trusted() throws {
    let server = try TestServer("--greet-after", "1000")
    let folder = try TestFolder()
    try Self.download(server, folder)
    let head = try String(contentsOfFile: "\(folder.path)/head", encoding: .utf8)
    #expect(head.contains("Content-Type: application/x-x509-ca-cert\r\n"))
    let authority = "\(folder.path)/ca.pem"
    for host in ["127.0.0.1", "localhost"] {
      let url = "https://\(host):\(server.port)/healthz"
      let web = try [
        Program("curl", ["-sS", "-4", "--cacert", authority, url]),
        // It is made with GnuTLS on Debian.
        Program("wget", ["-qO-", "-4", "--ca-certificate", authority, url]),
      ]
      for program in web { #expect(try program.rest() == "ok\n", "\(program.errors)") }
      let python = try Program("python3", ["-c", Self.python, authority, "\(server.port)", host])
      #expect(try python.rest() == "HTTP/1.1 200 OK\n", "\(python.errors)")
    }
    let other = try Program("python3", ["-c", Self.python, authority, "\(server.port)", "b.test"])
    #expect(try other.exitCode() != 0 && other.errors.contains("Hostname mismatch"))
    let openssl = try Program(
      "sh",
      [
        "-c", "openssl s_client -verify_return_error -CAfile \"$0\" -connect \"$1\" < /dev/null",
        authority, server.address,
      ])
    #expect(try openssl.rest().contains("Verify return code: 0 (ok)"), "\(openssl.errors)")
    let client = try Program(
      "sh",
      [
        "-c", "echo hello | \"$0\" --nick alice --tls-ca \"$1\" \"$2\"",
        try Program.path(of: "chat-client"), authority, server.address,
      ])
    #expect(try client.rest().hasSuffix("alice: hello\n"), "\(client.errors)")
  }

  @Test("the key and the authority stay over a restart, and what is damaged is told in the log")
  func restart() throws {
    let data = try TestFolder()
    let folder = try TestFolder()
    func start(_ check: (TestServer) throws -> Void) throws {
      let server = try TestServer(data: data)
      try check(server)
      server.program.signal(SIGTERM)
      #expect(try server.program.exitCode() == 0)
    }
    var key: Substring?
    func currentKey(_ server: TestServer) throws -> Substring? {
      try eventually("the server says how to stop") { server.program.errors.contains("Stop:") }
      return server.program.errors.split(separator: "\n").first { $0.hasPrefix("Key:") }
    }
    try start { server in
      key = try currentKey(server)
      try Self.download(server, folder)
      #expect(!server.program.errors.contains("authority"))
    }
    let first = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/ca.crt"))
    try start { server in
      #expect(try currentKey(server) == key)
      try Self.download(server, folder)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/ca.crt")) == first)
    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: "\(data.path)/tls-ca.pem"))
    try start { server in
      #expect(try currentKey(server) == key)
      try Self.download(server, folder)
      let warning = server.program.errors.split(separator: "\n").first {
        $0.contains("tls-ca.pem") && $0.contains("/ca)")
      }
      #expect(warning?.contains("warning") == true, "\(server.program.errors)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/ca.crt")) != first)
  }

  @Test("SIGHUP has a certificate that is gone made again, by the same authority")
  func hangup() throws {
    let server = try TestServer()
    let folder = try TestFolder()
    try FileManager.default.removeItem(atPath: "\(server.data.path)/tls-cert.pem")
    server.program.signal(SIGHUP)
    try eventually("it is read again") { server.program.errors.contains("SIGHUP: the cert") }
    try Self.download(server, folder)
    let curl = try Program(
      "curl", ["-sS", "--cacert", "\(folder.path)/ca.pem", "https://\(server.address)/healthz"])
    #expect(try curl.rest() == "ok\n", "\(curl.errors)")
  }
}
