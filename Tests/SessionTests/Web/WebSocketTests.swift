import ChatSystem
import Foundation
import TestKit
import Testing

/// The talk over WebSocket, beside that over TCP.
@Suite("WebSocket", .timeLimit(.minutes(3)))
struct WebSocketTests {
  @Test("all read the same lines in the same order, whichever way they came")
  func everyone() throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let page = try TestWebSocket(server, ["Sec-WebSocket-Protocol: chat.1"])
    try page.expect("NICK")
    // One message with several lines, the last without its LF.
    try page.send("[HELLO]:1\nalice")
    try page.expect("alice joined!")
    #expect(try page.line()?.hasPrefix("[WELCOME]:1\troom=lobby\tseq=1\t") == true)
    try page.expect("Connected to server!")
    let bob = try server.join("bob")
    try page.expect("bob joined!")
    let client = try Program("chat-client", ["--nick", "carol", server.address])
    try page.expect("carol joined!")
    try page.send("hello\nall")
    try bob.expect("carol joined!")
    try bob.expect("alice: hello")
    try bob.expect("alice: all")
    try bob.send("grüß dich 🙂\n")
    try client.type("me too\n")
    try page.expect("alice: hello")
    try page.expect("alice: all")
    let last = try [page.line(), page.line()]
    #expect(Set(last) == ["bob: grüß dich 🙂", "carol: me too"])
    try page.send("exit")
    try page.expect("Bye!")
    #expect(try page.message() == .close(1000))
    try page.socket.expectEnd()
  }

  @Test("a program that says no [HELLO] is one that reads tagged lines all the same")
  func impliedHello() throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let id = try server.joinSpeaking("bob").upload("film", [1, 2, 0xFF])
    let page = try TestWebSocket(server)
    try page.expect("NICK")
    try page.send("alice")
    try page.expect("alice joined!")
    #expect(try page.line()?.hasPrefix("[WELCOME]:") == true)
    try page.expect("Connected to server!")
    try page.send("[GET]:\(id)")
    #expect(try page.line()?.contains("\tcode=file-refused") == true)
  }

  @Test("a page of another site gets no WebSocket, nor does one that names no origin it has")
  func origins() throws {
    let server = try TestServer("--greet-after", "1000")
    let own = "http://\(server.address)"
    for (fields, status) in [
      (["Origin: \(own)"], 101), ([], 101), (["Origin: http://evil.example"], 403),
      (["Origin: null"], 403), (["Origin: https://\(server.address)"], 403),
      (["Origin: \(own).evil.example"], 403), (["Origin: \(own)", "Origin: \(own)"], 403),
      (["Sec-Fetch-Site: cross-site"], 403), (["Sec-Fetch-Site: same-site"], 403),
      (["Origin: \(own)", "Sec-Fetch-Site: same-origin"], 101),
      (["Sec-WebSocket-Protocol: other, chat.1"], 101), (["Sec-WebSocket-Protocol: other"], 400),
    ] as [([String], Int)] {
      let socket = try TestSocket(server)
      try socket.request("GET", "/ws", TestWebSocket.fields + fields)
      #expect(try socket.replyHead().status == status, "\(fields)")
    }
    // A name that was made to mean this address (DNS rebinding).
    let socket = try TestSocket(server)
    let fields = TestWebSocket.fields + ["Origin: http://evil.example:\(server.port)"]
    try socket.send(
      "GET /ws HTTP/1.1\r\nHost: evil.example:\(server.port)\r\n"
        + fields.map { "\($0)\r\n" }.joined() + "\r\n")
    #expect(try socket.replyHead().status == 403)
  }

  @Test(
    "what asks for no WebSocket, or another one, is told so",
    arguments: [
      ("Upgrade: websocket", "Upgrade: h2c", 426), ("Connection: Upgrade", "X: y", 426),
      ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426),
      ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: dGhl", 400),
      ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "X: y", 400),
    ])
  func others(_ field: String, _ instead: String, _ status: Int) throws {
    let server = try TestServer("--greet-after", "1000")
    let socket = try TestSocket(server)
    try socket.request("GET", "/ws", TestWebSocket.fields.map { $0 == field ? instead : $0 })
    let reply = try socket.replyHead()
    #expect(reply.status == status)
    if status == 426 { #expect(reply.fields["sec-websocket-version"] == "13") }
  }

  @Test("a ping is answered, also in the middle of a message, and a close with everything before")
  func controls() throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let page = try TestWebSocket(server)
    try page.join("alice")
    try page.send(frame: 0x01, Array("he".utf8))
    try page.send(frame: 0x89, Array("ping".utf8))
    #expect(try page.message() == .pong(Array("ping".utf8)))
    try page.send(frame: 0x80, Array("llo".utf8))
    try page.send("[HISTORY]:100\n")
    try page.send(frame: 0x88, [0x03, 0xE9])
    try page.expect("alice: hello")
    while let line = try page.line(), line != "[PAST]:\tend=1" {}
    #expect(try page.message() == .close(1001))
    try page.socket.expectEnd()
  }

  @Test(
    "what is no WebSocket ends the connection with the code for it, and nobody else notices",
    arguments: [(0x82, [1], 1003), (0x81, [0xFF], 1007), (0x83, [], 1002), (0xC1, [], 1002)]
      as [(UInt8, [UInt8], UInt16)])
  func violations(_ first: UInt8, _ payload: [UInt8], _ code: UInt16) throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let bob = try server.join("bob")
    let page = try TestWebSocket(server)
    try page.join("alice")
    try bob.expect("alice joined!")
    try page.send(frame: first, payload)
    try page.send("late")
    #expect(try page.message() == .close(code))
    try bob.expect("alice left!")
    try bob.expectNothing()
  }

  @Test("a message of more than 64 KiB is too large; one of 64 KiB with many lines is not")
  func large() throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let page = try TestWebSocket(server)
    try page.join("alice")
    let line = String(repeating: "x", count: 1_023) + "\n"
    try page.send(String(repeating: line, count: 64))
    for _ in 0..<64 { #expect(try page.line()?.count == 1_030) }
    try page.send(String(repeating: line, count: 64) + "y")
    #expect(try page.message() == .close(1009))
  }

  @Test("when the server stops, everyone reads why, then 1001")
  func shutdown() throws {
    let server = try TestServer("--greet-after", "1000")
    let page = try TestWebSocket(server)
    try page.join("alice")
    server.program.signal(SIGTERM)
    #expect(try page.line()?.hasSuffix("\tcode=shutting-down") == true)
    #expect(try page.message() == .close(1001))
    #expect(try server.program.exitCode() == 0)
  }

  @Test("who is refused reads why, then 1008")
  func refused() throws {
    let server = try TestServer("--greet-after", "1000")
    let page = try TestWebSocket(server)
    try page.expect("NICK")
    try page.send(String(repeating: "not a nickname:\n", count: 5))
    while let line = try page.line(), !line.hasSuffix("\tcode=too-many-tries") {}
    #expect(try page.message() == .close(1008))
  }

  @Test("a reader that takes little at a time loses nothing of a busy room")
  func slow() throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let page = try TestWebSocket(server)
    page.socket.stream.keepUnreadBytes(below: 16_384)
    try page.join("alice")
    let bob = try server.join("bob")
    let text = String(repeating: "z", count: 500)
    let sender = try server.join("carol")
    let stream = sender.stream
    try SystemThread.start(named: "sender") {
      for number in 0..<8_000 { try? stream.sendAll(Array("\(number) \(text)\n".utf8)) }
    }
    for number in 0..<8_000 {
      while true {
        let line = try page.line()
        if line == "carol: \(number) \(text)" { break }
        guard let line, !line.hasPrefix("carol: ") else {
          throw Failure("\(number) is missing: \(line ?? "the end")")
        }
      }
    }
    withExtendedLifetime((bob, sender)) {}
  }

  @Test("over TLS as well")
  func encrypted() throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let bob = try server.join("bob")
    let script = """
      import base64, os, socket, ssl, struct, sys
      context = ssl.create_default_context()
      context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
      raw = socket.create_connection(("127.0.0.1", \(server.port)))
      s = context.wrap_socket(raw)
      s.sendall(b"GET /ws HTTP/1.1\\r\\nHost: 127.0.0.1:\(server.port)\\r\\nConnection: Upgrade\\r\\n"
        b"Upgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
      f = s.makefile("rb")
      while f.readline() != b"\\r\\n": pass
      def say(text):
        data = text.encode()
        s.sendall(bytes([0x81, 0x80 | len(data)]) + b"\\0\\0\\0\\0" + data)
      say("[HELLO]:1\\nalice"); say("over TLS")
      text = b""
      while not text.endswith(b"ready\\n"):
        head = f.read(2); n = head[1]
        if n == 126: n = struct.unpack(">H", f.read(2))[0]
        text += f.read(n)
      sys.stdout.write(text.decode())
      """
    let python = try Program("python3", ["-c", script])
    try bob.expect("alice joined!")
    try bob.expect("alice: over TLS")
    let lines = (0..<3_000).map { "line \($0)" }
    try bob.send(lines.joined(separator: "\n") + "\nready\n")
    let text = try python.rest(within: 30)
    #expect(try python.exitCode() == 0, "\(python.errors)")
    let heard = text.split(separator: "\n").filter { $0.hasPrefix("bob: line") }.map {
      $0.dropFirst(5)
    }
    #expect(heard.map { String($0) } == lines)
  }
}
