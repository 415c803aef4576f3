import ChatCore
import ChatCrypto
import TestKit
import Testing

@Suite("SHA256")
struct SHA256Tests {
  /// FIPS 180-4's examples, and NIST's for a million times `a`.
  static let vectors = [
    ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ]

  @Test("it gives the published digests", arguments: vectors)
  func known(_ text: String, _ times: Int, _ hex: String) throws {
    let bytes = [UInt8](repeatElement(Array(text.utf8), count: times).joined())
    #expect(try bytes.sha256().hex == hex)
  }

  @Test("bytes may come in any pieces, empty ones too")
  func pieces() throws {
    try SeededRandom.run { random in
      let bytes = (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &random) }
      let expected = try bytes.sha256()
      for _ in 0..<100 {
        var hash = try SHA256()
        var start = 0
        while start < bytes.count {
          let end = min(bytes.count, start + Int.random(in: 0...200, using: &random))
          try bytes[start..<end].withUnsafeBytes { try hash.update($0) }
          start = end
        }
        #expect(try hash.finish() == expected)
      }
    }
  }

  @Test("a hash may be dropped before it is finished")
  func dropped() throws {
    for _ in 0..<1_000 {
      var hash = try SHA256()
      try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try hash.update($0) }
    }
  }

  @Test("a digest is read from its digits, in either case")
  func reading() throws {
    let digest = try Array("abc".utf8).sha256()
    #expect(SHA256Digest(hex: digest.hex) == digest)
    #expect(SHA256Digest(hex: digest.hex.uppercased()) == digest)
    #expect(SHA256Digest(hex: digest.hex)?.hashValue == digest.hashValue)
    let other = try Array("abd".utf8).sha256()
    #expect(digest != other)
  }

  @Test(
    "nothing else is read as a digest",
    arguments: [
      "", "0", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
      String(repeating: "0", count: 128), String(repeating: "g", count: 64),
      " " + String(repeating: "0", count: 63), String(repeating: "0", count: 63) + "\n",
      "0x" + String(repeating: "0", count: 62), "+" + String(repeating: "0", count: 63),
      String(repeating: "0", count: 62) + "é", String(repeating: "٠", count: 32),
      String(repeating: "0", count: 63) + "０", String(repeating: "0", count: 64) + "\0",
      String(repeating: "/", count: 64), String(repeating: ":", count: 64),
      String(repeating: "`", count: 64), String(repeating: "@", count: 64),
    ])
  func rejected(_ text: String) {
    #expect(SHA256Digest(hex: text) == nil)
  }
}

extension [UInt8] {
  /// The digest of all of it.
  func sha256() throws -> SHA256Digest { try withUnsafeBytes { try SHA256.digest(of: $0) } }
}
