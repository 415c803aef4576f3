internal import ChatCore
internal import ChatCrypto

/// Files that both sides of a script have: without their checksums no random input would get past one.
///
/// After an FF, `h`, `n`, `b` and a digit stand for the SHA-256 of the file with this number, its size and its bytes.
struct SampleFile {
  let bytes: [UInt8]
  let digest: String

  /// None, less than a piece that is read at once, one and more than one.
  static let all = [0, 6, 5_000, 65_536, 70_000].map { count in
    SampleFile((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    digest = Self.digest(of: bytes)
  }

  static func digest(of bytes: [UInt8]) -> String {
    // Sound: the bytes are read inside the closure alone.
    bytes.withUnsafeBytes { (try? SHA256.digest(of: $0).hex) ?? "" }
  }

  /// The file whose number comes next.
  static func next(_ reader: inout InputReader) -> SampleFile {
    all[Int(reader.byte() & 7) % all.count]
  }

  /// What FF and one of these letters stand for; the letter has been read.
  ///
  /// - Returns: `nil` if it is none of them.
  static func content(_ code: UInt8, _ reader: inout InputReader) -> [UInt8]? {
    switch Unicode.Scalar(code) {
    case "h": Array(next(&reader).digest.utf8)
    case "n": Array("\(next(&reader).bytes.count)".utf8)
    case "b": Array(next(&reader).bytes)
    default: nil
    }
  }
}
