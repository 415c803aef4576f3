package import ChatCore

/// How one transfer's file is fetched or sent: by requests, for whose answers the thread waits.
///
/// Thread: one at a time; `cancel` any.
package protocol FileService: AnyObject, Sendable {
  /// Fetches a file from an offset to its end.
  ///
  /// - Parameter receive: takes the next bytes, never more than the file has; false ends the request.
  /// - Throws: `FileServiceError` unless all have come.
  func fetch(
    _ file: SharedFile, from offset: UInt64, _ receive: (Span<UInt8>) -> Bool
  ) throws(FileServiceError)

  /// The SHA-256 of each of the file's blocks of `Limits.sumBlockBytes`, as far as the server knows them.
  func sums(of file: SharedFile) throws(FileServiceError) -> [SHA256Digest]

  /// Announces an upload.
  func begin(_ plan: UploadPlan) throws(FileServiceError) -> UploadPlace

  /// How far an upload is that was announced.
  func progress(of place: UploadPlace) throws(FileServiceError) -> UploadProgress

  /// Sends a file from an offset to its end.
  ///
  /// - Parameter read: fills the space with the bytes at an offset, all of it; false ends the request.
  func send(
    to place: UploadPlace, from offset: UInt64,
    _ read: @escaping (UnsafeMutableRawBufferPointer, UInt64) -> Bool
  ) throws(FileServiceError) -> UploadProgress

  /// Has the server forget an upload, if it can be reached.
  func remove(_ place: UploadPlace)

  /// Ends the request that is under way, and all after it.
  func cancel()
}

/// What a server is told of a file before its bytes.
package struct UploadPlan: Sendable {
  package let name: FileName
  package let size: UInt64
  package let digest: SHA256Digest
  package let room: String
  /// The bearer token of the sender's connection.
  package let token: String
}

/// Where an upload goes.
package struct UploadPlace: Sendable {
  /// The path at the server.
  package let path: String
  /// How many bytes the file has.
  package let size: UInt64
  /// How many of them the server had when it was announced.
  package let offset: UInt64

  package init(path: String, size: UInt64, offset: UInt64) {
    (self.path, self.size, self.offset) = (path, size, offset)
  }
}

/// How far an upload is.
package enum UploadProgress: Sendable, Equatable {
  /// The server has so many bytes.
  case offset(UInt64)
  /// The room has been told of it, by this id; `nil` if the server does not say.
  case finished(id: String?)
}

/// Why a request was not answered as it should be.
package enum FileServiceError: Error, Equatable {
  /// `cancel`, or a function of the request, has ended it.
  case cancelled
  /// The connection was lost, or can't be made now; or the talk's was, by which the server knows the client.
  case lost(String)
  /// The server has no time, or no place, now.
  case busy(String)
  /// The server is not the one that is trusted.
  case distrusted(String)
  /// The answer makes no sense.
  case wrong
  /// The server has found other bytes than were announced.
  case mismatch
  /// The server knows nothing of the upload any more.
  case forgotten
  /// The server refuses, for this reason.
  case refused(String)
}
