package import ChatCrypto
package import ChatSystem

/// What can go wrong with the shelf and what is put on it.
package enum ShelfError: Error, Equatable, CustomStringConvertible {
  /// The budget, the disk, a quota or the allowed file size is used up, and nothing can make room.
  case noSpace
  /// The bytes that came are not as many as were declared.
  case sizeMismatch
  /// The bytes that came are not those that were declared.
  case digestMismatch
  /// An upload cannot go on after bytes that are not there.
  case badOffset
  /// A system call failed.
  case system(SystemError)
  /// A digest could not be computed.
  case crypto(CryptoError)

  /// Reads a system call's error: where the disk is full, that is what it says.
  init(_ error: SystemError) {
    self = error.isNoSpace ? .noSpace : .system(error)
  }

  /// For a person.
  package var description: String {
    switch self {
    case .noSpace: "there is no space for the file"
    case .sizeMismatch: "the file does not have the size that was declared"
    case .digestMismatch: "the file is not the one that was declared: its SHA-256 differs"
    case .badOffset: "the file cannot go on after bytes that are not there"
    case .system(let error): "cannot store the file: \(error)"
    case .crypto(let error): "cannot check the file: \(error)"
    }
  }
}
