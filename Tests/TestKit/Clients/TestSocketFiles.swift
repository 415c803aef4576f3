package import ChatCore
internal import ChatCrypto

/// Files over a plain connection, as the protocol has them.
extension TestSocket {
  /// What a file is.
  package static func digest(_ bytes: [UInt8]) throws -> SHA256Digest {
    try bytes.withUnsafeBytes { try SHA256.digest(of: $0) }
  }

  /// `[FILE]:name` with all that a framed upload needs.
  package static func header(_ name: String, _ bytes: [UInt8], id: String) throws -> String {
    "[FILE]:\(name)\tid=\(id)\tsize=\(bytes.count)\tsha256=\(try digest(bytes).hex)\n"
  }

  /// Announces a file, and says from where the server wants it.
  package func announce(_ name: String, _ bytes: [UInt8], id: String = "1") throws -> Int {
    try send(try Self.header(name, bytes, id: id))
    let prefix = "\tid=\(id)\toffset="
    while let line = try line() {
      if line.hasPrefix("[FILE]:"), let start = line.firstRange(of: prefix)?.upperBound,
        let offset = Int(line[start...])
      {
        return offset
      }
      if line.hasPrefix("[ERROR]") { throw Failure(line) }
    }
    throw Failure("the end")
  }

  /// Sends frames.
  package func sendFrames(
    _ bytes: [UInt8], id: String = "1", from offset: Int = 0, frameBytes: Int = 65_536
  ) throws {
    var start = offset
    while start < bytes.count {
      let end = min(bytes.count, start + frameBytes)
      try send("[DATA]:\(id)\toffset=\(start)\tsize=\(end - start)\n")
      try send(bytes: Array(bytes[start..<end]))
      start = end
    }
  }

  /// Sends a file whole, up to the offer that tells of it.
  ///
  /// - Returns: the server's id of it.
  @discardableResult
  package func upload(_ name: String, _ bytes: [UInt8], id: String = "1") throws -> String {
    let offset = try announce(name, bytes, id: id)
    try sendFrames(bytes, id: id, from: offset)
    try send("<END>\tid=\(id)\n")
    while let line = try line() {
      if line.hasPrefix("[ERROR]") { throw Failure(line) }
      if let id = Self.id(inOffer: line) { return id }
    }
    throw Failure("the end")
  }

  /// The id in a `[FILE]` line that offers a file.
  package static func id(inOffer line: String) -> String? {
    guard line.hasPrefix("[FILE]:"), line.contains("\tfrom=") else { return nil }
    return line.split(separator: "\t").first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) }
  }

  /// Waits for the offer of a file, and says under which id.
  package func offer() throws -> String {
    while let line = try line() { if let id = Self.id(inOffer: line) { return id } }
    throw Failure("the end")
  }

  /// Fetches a file.
  ///
  /// - Parameters:
  ///   - between: is given the lines that come between its frames.
  ///   - onFrame: is told after each frame how many bytes have come.
  package func download(
    _ id: String, from offset: Int = 0, between: (String) throws -> Void = { _ in },
    onFrame: (Int) throws -> Void = { _ in }
  ) throws -> [UInt8] {
    try send("[GET]:\(id)\toffset=\(offset)\n")
    var bytes: [UInt8] = []
    while let line = try line() {
      if line == "<END>\tid=\(id)" { return bytes }
      if line.hasPrefix("[ERROR]") { throw Failure(line) }
      let prefix = "[DATA]:\(id)\toffset=\(offset + bytes.count)\tsize="
      if line.hasPrefix(prefix), let size = Int(line.dropFirst(prefix.count)) {
        bytes += try self.bytes(size)
        try onFrame(bytes.count)
      } else if line.hasPrefix("[DATA]") {
        throw Failure("\(line) after \(bytes.count) bytes")
      } else {
        try between(line)
      }
    }
    throw Failure("the end after \(bytes.count) bytes")
  }
}
