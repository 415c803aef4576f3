internal import ChatClientModel
internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// A file to send, opened and hashed.
struct PreparedFile: Sendable {
  /// The open file.
  let file: RegularFile
  /// The name that others see.
  let name: FileName
  /// The SHA-256 of its content.
  let digest: SHA256Digest
  /// Its status when it was opened.
  private let status: FileStatus

  /// How many bytes it has.
  var size: UInt64 { status.sizeBytes }

  /// Opens a file and reads it from end to end.
  ///
  /// - Parameters:
  ///   - limit: the largest that the server takes.
  ///   - transfer: ends the reading once it is cancelled.
  init(path: FilePath, limit: UInt64, until transfer: TransferControl) throws(UploadFailure) {
    do {
      (file, name) = try Self.open(path)
      status = try file.status()
      guard status.sizeBytes <= limit else {
        throw UploadFailure(
          "it has \(ByteCount.text(status.sizeBytes)), and the server takes at most "
            + ByteCount.text(limit))
      }
      digest = try RunningHash.digest(of: file, size: status.sizeBytes, until: transfer)
      // Some files have more bytes than the system says: those of /proc, for one.
      var byte: [UInt8] = [0]
      guard try isUnchanged, try file.read(into: &byte, 0..<1, at: status.sizeBytes) == 0 else {
        throw UploadFailure.changed
      }
    } catch {
      throw UploadFailure(error)
    }
  }

  /// Finds out whether a file can be sent, as far as the client knows.
  static func check(_ path: FilePath) throws(UploadFailure) {
    do { _ = try open(path) } catch { throw UploadFailure(error) }
  }

  private static func open(_ path: FilePath) throws -> (RegularFile, FileName) {
    // First: a folder is reported as a folder, not as a bad name.
    let file = try RegularFile(toRead: path)
    return (file, try FileName(path.decoded))
  }

  /// Whether the file is what it was when it was opened.
  var isUnchanged: Bool {
    get throws(SystemError) { try file.status() == status }
  }

  /// Fills a space with the bytes at an offset, none of them beyond the end. With the last one goes the word that the file
  /// is still the one that was announced.
  func read(
    into space: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(UploadFailure) {
    do {
      guard try file.read(into: space, at: offset) == space.count else {
        throw UploadFailure.changed
      }
      guard try offset + UInt64(space.count) < size || isUnchanged else {
        throw UploadFailure.changed
      }
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
      case let error as SystemError:
        error.code == SystemError.invalidArgument ? "it is not a file" : error.reason
      default: "\(error)"
      }
  }
}
