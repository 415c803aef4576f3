internal import ChatCore
import ChatCrypto
import Foundation

/// The file that is moved: pseudorandom bytes, the same in each run.
struct SourceFile {
  private static let pieceBytes = 1 << 20

  let url: URL
  let sizeBytes: Int
  let digest: SHA256Digest

  /// Writes it; as it is read for its digest too, the system has it in memory.
  init(in folder: URL, sizeBytes: Int) throws {
    url = folder.appendingPathComponent("file.bin")
    self.sizeBytes = sizeBytes
    guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
      throw BenchError("cannot write \(url.path)")
    }
    let file = try FileHandle(forWritingTo: url)
    var state: UInt64 = 42
    var left = sizeBytes
    while left > 0 {
      var piece = Data(count: Self.pieceBytes)
      piece.withUnsafeMutableBytes { bytes in
        for index in stride(from: 0, to: bytes.count, by: 8) {
          bytes.storeBytes(of: Self.next(&state), toByteOffset: index, as: UInt64.self)
        }
      }
      try file.write(contentsOf: piece.prefix(left))
      left -= min(left, piece.count)
    }
    try file.close()
    digest = try Self.digest(of: url)
  }

  /// Whether another file has the same bytes.
  func isSame(as other: URL) throws -> Bool {
    let size = try FileManager.default.attributesOfItem(atPath: other.path)[.size] as? NSNumber
    guard size?.intValue == sizeBytes else { return false }
    return try Self.digest(of: other) == digest
  }

  /// The digest of a file.
  static func digest(of url: URL) throws -> SHA256Digest {
    let file = try FileHandle(forReadingFrom: url)
    var hash = try SHA256()
    while let piece = try file.read(upToCount: pieceBytes), !piece.isEmpty {
      try piece.withUnsafeBytes { try hash.update($0) }
    }
    return try hash.finish()
  }

  /// SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
  private static func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
