import ChatCore
import ChatCrypto
import Foundation

/// What a `FakeServer` and a client say to each other about a file.
package struct FileScript {
  package let id: String
  package let name: String
  package let bytes: [UInt8]

  /// A file of bytes that look like nothing.
  package init(_ id: String, _ name: String, size: Int, seed: UInt64 = 1) {
    (self.id, self.name) = (id, name)
    var random = SeededRandom(seed: seed)
    // Of no length that anything else here has.
    let piece = (0..<min(size, 1_000_003)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var bytes: [UInt8] = []
    while bytes.count < size { bytes.append(contentsOf: piece.prefix(size - bytes.count)) }
    self.bytes = bytes
  }

  package var sha256: String { Self.sha256(bytes[...]) }

  /// Its part's name.
  package var part: String { ".received_\(sha256.prefix(16))-\(bytes.count).part" }

  package static func sha256(_ bytes: ArraySlice<UInt8>) -> String {
    let digest = bytes.withUnsafeBytes { try? SHA256.digest(of: $0) }
    return digest?.hex ?? ""
  }

  /// The line that offers it.
  package func offer(from sender: String = "bob") -> String {
    "S> [FILE]:\(name)⇥id=\(id)⇥from=\(sender)⇥size=\(bytes.count)⇥sha256=\(sha256)"
  }

  /// What the client asks.
  package func get(_ offset: Int = 0) -> String {
    "C< GET /files/\(id)" + (offset > 0 ? "⇥from=\(offset)" : "")
  }

  /// Answers the client, which asks for it from there on, with the beginning of the rest.
  ///
  /// - Parameters:
  ///   - range: what is sent: it begins where the client wants it to.
  ///   - flipped: the offset of a byte that is sent otherwise.
  package func begin(
    _ range: Range<Int>, by server: FakeServer, flipping flipped: Int? = nil
  ) throws {
    let request = try server.takenRequest()
    let start = range.lowerBound
    let length = "Content-Length: \(bytes.count - start)"
    if start > 0 {
      let part = "Content-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
      try request.answer("206 Partial Content", [length, part])
    } else {
      try request.answer("200 OK", [length])
    }
    try send(range, by: server, flipping: flipped)
  }

  /// Sends more of it.
  package func send(
    _ range: Range<Int>, by server: FakeServer, flipping flipped: Int? = nil
  ) throws {
    var part = Array(bytes[range])
    if let flipped, range ~= flipped { part[flipped - range.lowerBound] ^= 1 }
    try server.takenRequest().send(part)
  }

  /// Breaks the answer off.
  package func breakOff(by server: FakeServer) throws { try server.takenRequest().end() }

  /// Answers with all of the rest.
  package func serve(from offset: Int = 0, by server: FakeServer, flipping flipped: Int? = nil)
    throws
  {
    try begin(offset..<bytes.count, by: server, flipping: flipped)
    try breakOff(by: server)
  }

  /// Offers it to a client that fetches it at once, and sends its beginning.
  ///
  /// - Parameters:
  ///   - count: how many bytes of it.
  ///   - folder: where they are written, which is waited for.
  package func begin(_ count: Int, by server: FakeServer, into folder: TestFolder? = nil) throws {
    try server.play("\(offer())\n\(get())")
    try begin(0..<count, by: server)
    guard let folder else { return }
    try eventually("it is written") { folder.size(of: part) == count }
  }

  /// Offers it to a client that fetches it at once, and sends all of it.
  package func transfer(by server: FakeServer) throws {
    try server.play("\(offer())\n\(get())")
    try deliver(by: server)
  }

  /// Sends all of it from there on, for which the client thanks.
  package func deliver(from offset: Int = 0, by server: FakeServer) throws {
    try serve(from: offset, by: server)
    try server.play("C< [GOT]:\(id)")
  }

  /// Sends the rest of an answer that was begun, for which the client thanks.
  package func goOn(from offset: Int, by server: FakeServer) throws {
    try send(offset..<bytes.count, by: server)
    try server.play("C< [GOT]:\(id)")
  }

  /// How the client asks for the sums of its blocks, and the answer.
  package var sums: String {
    let blocks = stride(from: 0, to: bytes.count, by: 1_048_576).map {
      Self.sha256(bytes[$0..<min($0 + 1_048_576, bytes.count)]) + "⏎"
    }
    return "C< GET /files/\(id)/sums\nH> 200 OK⇥\(blocks.joined())"
  }

  /// Writes it into a folder.
  package func write(to folder: TestFolder) throws -> String {
    let path = "\(folder.path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  // MARK: Uploads

  /// Where an upload goes.
  private var place: String { "/files/uploads/\(name.replacing(" ", with: "_"))" }

  /// Takes the announcement of an upload, and answers how much of it is here.
  package func announce(by server: FakeServer, from offset: Int = 0) throws {
    let request = try server.request("POST /files")
    let metadata = Dictionary(
      (request.fields["upload-metadata"] ?? "").split(separator: ",").map { pair in
        let words = pair.split(separator: " ").map { String($0) }
        return (words[0], Data(base64Encoded: words[1]).map { String(decoding: $0, as: UTF8.self) })
      }, uniquingKeysWith: { $1 })
    guard request.fields["upload-length"] == "\(bytes.count)", metadata["filename"] == name,
      metadata["sha256"] == sha256, metadata["room"] == "lobby",
      request.fields["authorization"] == "Bearer \(ClientScript.token)",
      request.fields["tus-resumable"] == "1.0.0"
    else { throw Failure("the client announces \(request.fields)") }
    try request.answer(
      "201 Created", ["Location: \(place)", "Upload-Offset: \(offset)"], text: "")
  }

  /// Takes what is sent of an upload that was announced; the request waits for its answer.
  package func take(by server: FakeServer, from offset: Int = 0, count: Int? = nil) throws
    -> [UInt8]
  {
    let request = try server.request("PATCH \(place)")
    guard request.fields["upload-offset"] == "\(offset)",
      request.fields["content-length"] == "\(bytes.count - offset)"
    else { throw Failure("the client sends \(request.fields)") }
    return try request.receive(count ?? bytes.count - offset)
  }

  /// Answers that all of it is here, and the room has been told.
  package func finish(by server: FakeServer) throws {
    try server.takenRequest().answer(
      "204 No Content",
      ["Upload-Offset: \(bytes.count)", "Location: /files/\(id)"], text: "")
  }

  /// Takes an upload from the announcement on; the request waits for its answer.
  ///
  /// - Returns: the bytes that came.
  package func receive(by server: FakeServer, from offset: Int = 0) throws -> [UInt8] {
    try announce(by: server, from: offset)
    return try take(by: server, from: offset)
  }
}

extension TestFolder {
  /// The names of all that is in it, sorted.
  package var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// How long a file is; 0 if it is not there.
  package func size(of name: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
    return attributes?[.size] as? Int ?? 0
  }

  /// A file's bytes; none if it can't be read.
  package func bytes(of name: String) -> [UInt8] {
    (try? Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))).map { [UInt8]($0) } ?? []
  }
}
