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
  package func get(_ offset: Int = 0) -> String { "C< [GET]:\(id)⇥offset=\(offset)" }

  /// Sends a range of it, frame by frame.
  package func send(_ range: Range<Int>, by server: FakeServer, flipping flipped: Int? = nil) throws
  {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 65_536) {
      var frame = Array(bytes[start..<min(start + 65_536, range.upperBound)])
      if let flipped, start..<start + frame.count ~= flipped { frame[flipped - start] ^= 1 }
      let header = "[DATA]:\(id)\toffset=\(start)\tsize=\(frame.count)\n"
      try server.send(bytes: Array(header.utf8) + frame)
    }
  }

  /// Sends it from there on, and says that this was all.
  package func serve(from offset: Int = 0, by server: FakeServer, flipping flipped: Int? = nil)
    throws
  {
    try send(offset..<bytes.count, by: server, flipping: flipped)
    try server.play("S> <END>⇥id=\(id)")
  }

  /// Offers it to a client that fetches it at once, and sends its beginning.
  ///
  /// - Parameters:
  ///   - count: how many bytes of it.
  ///   - folder: where they are written, which is waited for.
  package func begin(_ count: Int, by server: FakeServer, into folder: TestFolder? = nil) throws {
    try server.play("\(offer())\n\(get())")
    try send(0..<count, by: server)
    guard let folder else { return }
    try eventually("it is written") { folder.size(of: part) == count }
  }

  /// Offers it to a client that fetches it at once, and sends all of it.
  package func transfer(by server: FakeServer) throws {
    try server.play("\(offer())\n\(get())")
    try deliver(by: server)
  }

  /// Sends it from there on to its end, for which the client thanks.
  package func deliver(from offset: Int = 0, by server: FakeServer) throws {
    try serve(from: offset, by: server)
    try server.play("C< [GOT]:\(id)")
  }

  /// The answer to `[SUMS]`.
  package var sums: String {
    let blocks = stride(from: 0, to: bytes.count, by: 1_048_576).map {
      String(Self.sha256(bytes[$0..<min($0 + 1_048_576, bytes.count)]).prefix(16))
    }
    return "S> [SUMS]:\(blocks.joined(separator: " "))⇥id=\(id)⇥from=0⇥end=1"
  }

  /// Writes it into a folder.
  package func write(to folder: TestFolder) throws -> String {
    let path = "\(folder.path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Takes an upload from the announcement on, which the server answers with an offset.
  ///
  /// - Returns: the bytes that came.
  package func receive(by server: FakeServer, token: String = "1", from offset: Int = 0) throws
    -> [UInt8]
  {
    try server.play(
      """
      C< [FILE]:\(name)⇥id=\(token)⇥size=\(bytes.count)⇥sha256=\(sha256)
      S> [FILE]:\(name)⇥id=\(token)⇥offset=\(offset)
      """)
    var received: [UInt8] = []
    while offset + received.count < bytes.count {
      let size = min(65_536, bytes.count - offset - received.count)
      let start = offset > 0 && received.isEmpty ? "⇥offset=\(offset)" : ""
      try server.play("C< [DATA]:\(token)\(start)⇥size=\(size)")
      received += try server.receive(size)
    }
    try server.play("C< <END>⇥id=\(token)")
    return received
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
