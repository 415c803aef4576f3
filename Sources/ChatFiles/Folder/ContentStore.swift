internal import ChatCore
internal import ChatSystem

/// The files of a shelf: each content lies in its folder under the 64 hexadecimal digits of its SHA-256. Two folders in
/// it are `partial`, where contents grow until they are whole, and `sums`, where under the same digits lie the sums of
/// the blocks of those that have several.
///
/// Thread: any.
final class ContentStore: Sendable {
  /// How long a partial upload is kept that is not resumed.
  static let staleSeconds: Int64 = 3_600

  private let contents: Folder
  private let partials: Folder
  private let sums: Folder

  /// Opens the folders, made for their owner alone if they are missing.
  init(path: FilePath) throws(SystemError) {
    contents = try Folder(making: path)
    partials = try contents.folder(making: "partial")
    sums = try contents.folder(making: "sums")
  }

  /// Whether a path still leads to these folders (stat(2)).
  func isInPlace(at path: FilePath) -> Bool {
    func isSame(_ folder: Folder, as found: FileStatus?) -> Bool {
      found != nil && folder.status?.identity == found?.identity
    }
    return isSame(contents, as: path.status)
      && isSame(partials, as: try? contents.status(of: "partial", followsLinks: true))
      && isSame(sums, as: try? contents.status(of: "sums", followsLinks: true))
  }

  /// Whether the contents lie in the same folder as another's.
  func hasSameContents(as other: ContentStore) -> Bool {
    let identity = contents.status?.identity
    return identity != nil && identity == other.contents.status?.identity
  }

  /// When a content's name last came or went (stat(2)), in nanoseconds since 1970; `nil` if the system does not say.
  var changeTime: Int64? { contents.status?.modifiedNanoseconds }

  // MARK: Contents

  /// The contents that are there, the least recently written first.
  func storedContents() throws(SystemError) -> [(digest: SHA256Digest, sizeBytes: UInt64)] {
    var found: [(digest: SHA256Digest, sizeBytes: UInt64, modifiedSeconds: Int64)] = []
    for name in try contents.names() {
      // Upper case would be another name for the same content.
      guard let digest = SHA256Digest(hex: name), digest.hex == name,
        let status = try contents.status(of: name), status.isRegular
      else { continue }
      found.append((digest, status.sizeBytes, status.modifiedSeconds))
    }
    return found.sorted { $0.modifiedSeconds < $1.modifiedSeconds }
      .map { ($0.digest, $0.sizeBytes) }
  }

  /// The digests that have a name in the folder, whatever lies there.
  func contentNames() throws(SystemError) -> Set<SHA256Digest> {
    Set(try contents.names().compactMap { SHA256Digest(hex: $0) })
  }

  /// Whether something lies under a content's name.
  func holds(_ digest: SHA256Digest) throws(SystemError) -> Bool {
    try contents.status(of: digest.hex) != nil
  }

  /// Opens a content for reading.
  ///
  /// - Returns: `nil` if it is not there, or not as long as it should be.
  func openContent(
    _ digest: SHA256Digest, sizeBytes: UInt64
  ) throws(SystemError) -> RegularFile? {
    do throws(SystemError) {
      let file = try contents.open(digest.hex, for: .reading)
      return try file.status().sizeBytes == sizeBytes ? file : nil
    } catch {
      guard error.isMissing || error.isOtherKind else { throw error }
      return nil
    }
  }

  /// Whether a content lies there, as long as it should be.
  func holds(_ digest: SHA256Digest, sizeBytes: UInt64) throws(SystemError) -> Bool {
    guard let status = try contents.status(of: digest.hex) else { return false }
    return status.isRegular && status.sizeBytes == sizeBytes
  }

  /// Makes a partial upload, whole and checked, the content of its digest: all of it is there, on the
  /// disk, or nothing (rename(2)).
  func commit(
    _ file: RegularFile, partial name: String, as digest: SHA256Digest
  ) throws(SystemError) {
    try file.sync()
    try partials.move(name, to: contents, as: digest.hex)
    do throws(SystemError) { try contents.sync() } catch {
      // A name that the disk may not have must not be promised to anyone.
      try? contents.remove(digest.hex)
      throw error
    }
  }

  /// Removes a content, and its sums; it may be gone.
  func removeContent(_ digest: SHA256Digest) throws(SystemError) {
    try contents.removeIfThere(digest.hex)
    // Those that stay are removed when the shelf is opened again.
    try? sums.remove(digest.hex)
  }

  // MARK: Sums

  /// Writes the bytes that tell a content's sums. They are derived, so this does not wait for the disk.
  func writeSums(_ bytes: [UInt8], of digest: SHA256Digest) throws(SystemError) {
    let file = try sums.open(digest.hex, for: .replacing)
    if let error = file.write(bytes.span, at: 0).error { throw error }
  }

  /// Reads the bytes that tell a content's sums.
  ///
  /// - Returns: `nil` if there are not exactly so many.
  func readSums(of digest: SHA256Digest, count: Int) -> [UInt8]? {
    // Whatever is wrong with them, they can be computed.
    guard let file = try? sums.open(digest.hex, for: .reading),
      let status = try? file.status(), status.sizeBytes == UInt64(count)
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return (try? file.read(into: &bytes, 0..<count, at: 0)) == count ? bytes : nil
  }

  /// Removes sums without a content.
  func removeStraySums(besides isContent: (SHA256Digest) -> Bool) throws(SystemError) {
    for name in try sums.names() {
      if let digest = SHA256Digest(hex: name), digest.hex == name, isContent(digest) { continue }
      // A folder stays (EISDIR): it is not ours.
      try? sums.remove(name)
    }
  }

  // MARK: Partial uploads

  /// The uploads that can go on. What cannot is removed: those without a name to find them by, those
  /// that have not grown for too long, and what is not an upload at all.
  func resumablePartials(
    nowSeconds: Int64
  ) throws(SystemError) -> [(name: String, sizeBytes: UInt64, modifiedSeconds: Int64)] {
    var found: [(name: String, sizeBytes: UInt64, modifiedSeconds: Int64)] = []
    for name in try partials.names() {
      guard let status = try partials.status(of: name) else { continue }
      if PartialName(name) != nil, status.isRegular, status.sizeBytes > 0,
        status.modifiedSeconds + Self.staleSeconds >= nowSeconds
      {
        // Where the clock was set back, it would otherwise stay until that time has come again.
        found.append((name, status.sizeBytes, min(status.modifiedSeconds, nowSeconds)))
      } else {
        // A folder stays (EISDIR): it is not ours.
        try? partials.remove(name)
      }
    }
    return found
  }

  /// Opens an upload that can go on, or starts it.
  ///
  /// - Returns: `nil` if what has its name is not a file: a link is not followed.
  func openPartial(_ name: String) throws(SystemError) -> RegularFile? {
    do throws(SystemError) { return try partials.open(name, for: .writing) } catch {
      guard error.isOtherKind else { throw error }
      return nil
    }
  }

  /// Starts an upload under a name that is not there yet.
  func makePartial(_ name: String) throws(SystemError) -> RegularFile {
    try partials.open(name, for: .making)
  }

  /// Removes a partial upload; it may be gone.
  func removePartial(_ name: String) throws(SystemError) {
    try partials.removeIfThere(name)
  }
}
