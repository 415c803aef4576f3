import ChatCrypto
import ChatSystem
import Foundation

/// Saves each file that is offered, one at a time: receive, hash, write, on one thread. Lines of the talk go to
/// standard output.
final class PlainReceiver {
  private static let bufferBytes = 262_144

  private let stream: ChatSystem.Stream
  private let folder: URL
  private var buffer = [UInt8](repeating: 0, count: bufferBytes)
  /// How many bytes of the buffer have come and are not done with.
  private var length = 0
  private var file: IncomingFile?
  /// How many bytes of the present frame are to come.
  private var frameLeft = 0

  init(_ stream: ChatSystem.Stream, folder: URL) {
    self.stream = stream
    self.folder = folder
  }

  /// Receives until the stream ends.
  func run() throws {
    while true {
      let count = buffer.withUnsafeMutableBytes {
        recv(stream.number, $0.baseAddress?.advanced(by: length), $0.count - length, 0)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      length += count
      let (used, talk) = try take()
      if !talk.isEmpty { try StandardStream.output.write(talk) }
      buffer.withUnsafeMutableBytes {
        guard let base = $0.baseAddress, used < length else { return }
        memmove(base, base + used, length - used)
      }
      length -= used
    }
  }

  /// Takes what there is of frames, and whole lines.
  ///
  /// - Returns: how many bytes that is, and the lines that are talk.
  private func take() throws -> (used: Int, talk: [UInt8]) {
    var start = 0
    var talk: [UInt8] = []
    while start < length {
      if frameLeft > 0 {
        let count = min(frameLeft, length - start)
        try buffer.withUnsafeBytes {
          try file?.append(UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
        }
        frameLeft -= count
        start += count
        continue
      }
      guard let end = buffer[start..<length].firstIndex(of: UInt8(ascii: "\n")) else { break }
      if buffer[start] == UInt8(ascii: "[") || buffer[start] == UInt8(ascii: "<") {
        try follow(String(decoding: buffer[start..<end], as: UTF8.self))
      } else {
        talk += buffer[start...end]
      }
      start = end + 1
    }
    return (start, talk)
  }

  /// Does what a tagged line asks for.
  private func follow(_ line: String) throws {
    let fields = line.split(separator: "\t")
    func attribute(_ key: String) -> Substring? {
      fields.first { $0.hasPrefix("\(key)=") }?.dropFirst(key.count + 1)
    }
    if line.hasPrefix("[ERROR]:") { throw BenchError(line) }
    if line.hasPrefix("[DATA]:") { frameLeft = attribute("size").flatMap { Int($0) } ?? 0 }
    guard let id = attribute("id") else { return }
    if line.hasPrefix("[FILE]:"), let digest = attribute("sha256") {
      let name = "received_\(fields[0].dropFirst("[FILE]:".count))"
      file = try IncomingFile(folder.appendingPathComponent(name), digest: String(digest))
      try stream.sendAll(Array("[GET]:\(id)\toffset=0\n".utf8))
    } else if line.hasPrefix("<END>"), let file {
      try file.finish()
      self.file = nil
      try stream.sendAll(Array("[GOT]:\(id)\n".utf8))
      StandardStream.error.writeIfPossible("saved \(file.url.lastPathComponent)\n")
    }
  }
}

/// A file that comes in, under another name until it is whole and checked.
private final class IncomingFile {
  let url: URL
  private let partial: URL
  private let digest: String
  private let handle: FileHandle
  private var hash: SHA256?

  init(_ url: URL, digest: String) throws {
    self.url = url
    self.digest = digest
    partial = url.appendingPathExtension("part")
    guard FileManager.default.createFile(atPath: partial.path, contents: nil) else {
      throw BenchError("cannot write \(partial.path)")
    }
    handle = try FileHandle(forWritingTo: partial)
    hash = try SHA256()
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try hash?.update(bytes)
    var rest = bytes
    while !rest.isEmpty {
      let count = write(handle.fileDescriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw BenchError("cannot write \(partial.path)") }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  func finish() throws {
    guard let hash = hash.take(), try hash.finish().hex == digest else {
      throw BenchError("\(url.lastPathComponent) is not what was sent")
    }
    try handle.close()
    guard rename(partial.path, url.path) == 0 else {
      throw BenchError("cannot write \(url.path)")
    }
  }
}
