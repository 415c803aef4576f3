internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// A file to send, opened and hashed.
struct PreparedFile: Sendable {
  /// The open file.
  let file: RegularFile
  /// What others see it called.
  let name: FileName
  /// Its SHA-256: 64 hexadecimal digits.
  let sha256: String
  /// What it was when it was opened.
  private let status: RegularFile.Status

  /// How many bytes it has.
  var size: UInt64 { status.sizeBytes }

  /// Opens a file and reads it from end to end.
  ///
  /// - Parameter limit: the largest that the server takes.
  init(path: String, limit: UInt64) throws(UploadFailure) {
    do {
      name = try FileName(path)
      file = try RegularFile(toRead: path)
      status = try file.status()
      guard status.sizeBytes <= limit else {
        throw UploadFailure(
          "it has \(ByteCount.text(status.sizeBytes)), and the server takes at most "
            + ByteCount.text(limit))
      }
      sha256 = try RunningHash.digest(of: file, size: status.sizeBytes).hex
      guard try isUnchanged else { throw UploadFailure.changed }
    } catch {
      throw UploadFailure(error)
    }
  }

  /// Whether the file is what it was when it was opened.
  var isUnchanged: Bool {
    get throws(SystemError) { try file.status() == status }
  }

  /// Reads the bytes of a frame behind its header.
  ///
  /// - Parameters:
  ///   - buffer: what is sent; the header is put in front.
  ///   - frame: which bytes.
  func read(_ frame: UploadFrames.Frame, into buffer: inout [UInt8]) throws(UploadFailure) {
    let header = frame.header
    buffer.replaceSubrange(0..<buffer.count, with: header)
    do {
      guard !frame.isEnd else {
        guard try isUnchanged else { throw UploadFailure.changed }
        return
      }
      buffer.append(contentsOf: repeatElement(0, count: frame.count))
      let count = try file.read(into: &buffer, from: header.count, at: frame.offset)
      guard count == frame.count else { throw UploadFailure.changed }
    } catch {
      throw UploadFailure(error)
    }
  }
}

/// A file that cannot be sent.
struct UploadFailure: Error {
  /// For a person.
  let reason: String

  /// The file is not what it was when it was opened.
  static let changed = UploadFailure("it changes while it is sent")

  init(_ reason: String) { self.reason = reason }

  init(_ error: any Error) {
    reason =
      switch error {
      case let error as UploadFailure: error.reason
      case let error as HashFailure: error.reason
      case let error as Refusal: error.reason
      case let error as SystemError: error.reason
      default: "\(error)"
      }
  }
}
