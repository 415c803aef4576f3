internal import ChatCore

/// The name of a partial upload that can be resumed after a lost connection or a restart: what is being uploaded, and
/// by whom, so that an upload is resumed by its owner alone.
struct PartialName: Equatable {
  /// What the whole will be.
  let digest: SHA256Digest
  /// How long the whole will be.
  let sizeBytes: UInt64
  /// Who uploads it, in hexadecimal digits: it may have any characters.
  private let owner: String

  /// Names an upload.
  ///
  /// - Returns: `nil` if the key is too long for a file's name (NAME_MAX, limits.h: 255 bytes).
  init?(digest: SHA256Digest, sizeBytes: UInt64, resumeKey: String) {
    self.digest = digest
    self.sizeBytes = sizeBytes
    owner = resumeKey.utf8.map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
    guard text.utf8.count <= 255 else { return nil }
  }

  /// Reads a name in the folder.
  ///
  /// - Returns: `nil` if it is not what `text` gives.
  init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let digest = SHA256Digest(hex: String(parts[0])),
      let sizeBytes = UInt64(parts[1])
    else { return nil }
    self.digest = digest
    self.sizeBytes = sizeBytes
    owner = String(parts[2])
    guard self.text == text, owner.utf8.count.isMultiple(of: 2),
      owner.utf8.allSatisfy({ Array("0123456789abcdef".utf8).contains($0) })
    else { return nil }
  }

  /// Whose an upload of this name is: what stands after the last dash.
  static func owner(of text: String) -> String {
    String(text[(text.lastIndex(of: "-").map(text.index(after:)) ?? text.startIndex)...])
  }

  /// The name in the folder: `DIGEST-SIZE-OWNER`.
  var text: String { "\(digest.hex)-\(sizeBytes)-\(owner)" }
}
