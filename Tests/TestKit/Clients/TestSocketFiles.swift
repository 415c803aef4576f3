package import ChatCore
internal import ChatCrypto
internal import Foundation

/// Files of somebody of the talk, over connections of their own.
extension TestSocket {
  /// What a file is.
  package static func digest(_ bytes: [UInt8]) throws -> SHA256Digest {
    try bytes.withUnsafeBytes { try SHA256.digest(of: $0) }
  }

  // MARK: Sending

  /// The fields of a `POST /files`, with the checksum.
  private func fields(_ name: String, _ bytes: [UInt8]) throws -> [String] {
    let pairs = ["filename": name, "sha256": try Self.digest(bytes).hex].map {
      "\($0.key) \(Data($0.value.utf8).base64EncodedString())"
    }
    return tusFields + [
      "Upload-Length: \(bytes.count)", "Upload-Metadata: \(pairs.joined(separator: ","))",
    ]
  }

  private var tusFields: [String] {
    ["Tus-Resumable: 1.0.0", "Authorization: Bearer \(token ?? "")"]
  }

  /// Asks to send a file (tus 1.0).
  ///
  /// - Returns: the answer, and the connection over which it came.
  private func post(
    _ name: String, _ bytes: [UInt8]
  ) throws -> (reply: HTTPReply, connection: TestSocket) {
    // The server waits 50 ms for the first bytes: what takes time comes before.
    let fields = try fields(name, bytes)
    let connection = try another()
    try connection.request("POST", "/files", fields, length: 0)
    return (try connection.reply(), connection)
  }

  /// Asks to send a file (tus 1.0).
  package func postFile(_ name: String, _ bytes: [UInt8]) throws -> HTTPReply {
    try post(name, bytes).reply
  }

  /// Begins an upload, or goes on with one.
  ///
  /// - Returns: where it is, and how much of it is there already.
  package func beginUpload(
    _ name: String, _ bytes: [UInt8]
  ) throws -> (path: String, offset: Int) {
    try Self.upload(in: try postFile(name, bytes))
  }

  private static func upload(in reply: HTTPReply) throws -> (path: String, offset: Int) {
    guard reply.status == 201, let path = reply.fields["location"], let offset = reply.offset else {
      throw Failure("\(reply.status) \(reply.code)")
    }
    return (path, offset)
  }

  /// Asks to send a part of an upload, whose bytes are sent next.
  package func requestPart(
    _ path: String, at offset: Int, length: Int, over connection: TestSocket
  ) throws {
    let type = "Content-Type: application/offset+octet-stream"
    try connection.request(
      "PATCH", path, tusFields + [type, "Upload-Offset: \(offset)"], length: length)
  }

  /// Sends a part of an upload.
  package func sendPart(
    _ path: String, at offset: Int, _ bytes: ArraySlice<UInt8>, over connection: TestSocket? = nil
  ) throws -> HTTPReply {
    let connection = try connection ?? another()
    try requestPart(path, at: offset, length: bytes.count, over: connection)
    // A refusal may come before all of it is taken.
    do { try connection.send(bytes: Array(bytes)) } catch {}
    return try connection.reply()
  }

  /// Asks how far an upload is.
  package func askUpload(_ path: String) throws -> HTTPReply {
    let connection = try another()
    try connection.request("HEAD", path, tusFields)
    return try connection.reply(hasBody: false)
  }

  /// Sends a file whole.
  ///
  /// - Returns: the server's id of it.
  package func sendFile(_ name: String, _ bytes: [UInt8]) throws -> String {
    let (answer, connection) = try post(name, bytes)
    if let id = answer.file(in: "content-location") { return id }
    let (path, offset) = try Self.upload(in: answer)
    let reply = try sendPart(path, at: offset, bytes[offset...], over: connection)
    guard let id = reply.file(in: "location") else {
      throw Failure("\(reply.status) \(reply.code)")
    }
    return id
  }

  /// Sends a file whole, and takes everything up to the offer that tells of it.
  ///
  /// - Returns: the server's id of it.
  @discardableResult
  package func upload(_ name: String, _ bytes: [UInt8]) throws -> String {
    let id = try sendFile(name, bytes)
    while try offer() != id {}
    return id
  }

  /// The id in a `[FILE]` line that offers a file.
  package static func id(inOffer line: String) -> String? {
    guard line.hasPrefix("[FILE]:"), line.contains("\tfrom=") else { return nil }
    return line.split(separator: "\t").first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) }
  }

  /// Waits for the offer of a file, and says under which id.
  package func offer() throws -> String {
    while let line = try line() {
      if line.hasPrefix("[ERROR]") { throw Failure(line) }
      if let id = Self.id(inOffer: line) { return id }
    }
    throw Failure("the end")
  }

  // MARK: Fetching

  /// Asks for a file over a connection of its own.
  ///
  /// - Returns: the connection, and the answer's head; the bytes are received next.
  package func requestFile(
    _ id: String, from offset: Int = 0
  ) throws -> (connection: TestSocket, head: HTTPReply) {
    let connection = try another()
    try connection.request(
      "GET", "/files/\(id)", offset == 0 ? [] : ["Range: bytes=\(offset)-"])
    return (connection, try connection.replyHead())
  }

  /// Fetches a file.
  ///
  /// - Throws: `Failure` with the status and its code if it is refused.
  package func download(_ id: String, from offset: Int = 0) throws -> [UInt8] {
    let (connection, head) = try requestFile(id, from: offset)
    guard head.status == (offset == 0 ? 200 : 206),
      let length = head.fields["content-length"].flatMap({ Int($0) })
    else { throw Failure("\(head.status) \(head.code)") }
    return try connection.bytes(length)
  }
}
