import ChatWebSocket
import TestKit
import Testing

/// Frames as clients send them, in any pieces.
@Suite("FrameReader")
struct FrameReaderTests {
  /// What a reader found, with what messages carried.
  private enum Found: Equatable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong
    case close(UInt16?)
    case violation(UInt16)
  }

  private static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

  /// A frame as a client sends it.
  private static func frame(
    _ first: UInt8, _ payload: [UInt8], lengthBytes: Int? = nil, isMasked: Bool = true
  ) -> [UInt8] {
    let count = payload.count
    let lengthBytes = lengthBytes ?? (count < 126 ? 0 : count < 65_536 ? 2 : 8)
    let flag: UInt8 = isMasked ? 0x80 : 0
    var bytes = [first]
    switch lengthBytes {
    case 0: bytes.append(flag | UInt8(count))
    case 2: bytes.append(flag | 126)
    default: bytes.append(flag | 127)
    }
    for index in 0..<lengthBytes {
      bytes.append(UInt8(truncatingIfNeeded: count >> (8 * (lengthBytes - 1 - index))))
    }
    guard isMasked else { return bytes + payload }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  /// Reads bytes that come in pieces of a size.
  private static func read(
    _ bytes: [UInt8], piece: Int, mostMessageBytes: Int = 65_536, allowsBinary: Bool = true
  ) -> [Found] {
    var reader = FrameReader(mostMessageBytes: mostMessageBytes, allowsBinary: allowsBinary)
    var (found, message): ([Found], [UInt8]) = ([], [])
    var start = 0
    do throws(FrameReader.Violation) {
      while start < bytes.count {
        var part = Array(bytes[start..<min(bytes.count, start + piece)])
        start += part.count
        var (position, end) = (0, part.count)
        while true {
          var span = part.mutableSpan
          guard let event = try reader.next(in: &span, from: &position, to: end) else { break }
          switch event {
          case .payload(let range): message += part[range]
          case .messageEnd(let isText):
            found.append(isText ? .text(message) : .binary(message))
            message = []
          case .ping(let payload): found.append(.ping(payload))
          case .pong: found.append(.pong)
          case .close(let code): found.append(.close(code?.rawValue))
          case .emptyFrame: break
          }
        }
        #expect(position == end)
        end = 0
      }
    } catch {
      found.append(.violation(error.code.rawValue))
    }
    return found
  }

  /// The same in pieces of every size up to a whole.
  private static func readInAnyPieces(_ bytes: [UInt8]) -> [Found] {
    let whole = read(bytes, piece: max(1, bytes.count))
    for piece in 1..<max(2, min(bytes.count, 40)) {
      #expect(read(bytes, piece: piece) == whole, "in pieces of \(piece)")
    }
    return whole
  }

  @Test("messages, whole and in fragments, with control frames between them")
  func messages() {
    let bytes =
      Self.frame(0x81, Array("Hello\n".utf8)) + Self.frame(0x01, Array("gr".utf8))
      + Self.frame(0x89, Array("still there?".utf8)) + Self.frame(0x00, [0xC3])
      + Self.frame(0x00, []) + Self.frame(0x80, [0xBC, 0x6E]) + Self.frame(0x8A, [])
      + Self.frame(0x82, [0xFF, 0x00]) + Self.frame(0x81, [])
      + Self.frame(0x88, [0x03, 0xE8, 0x6F])
    #expect(
      Self.readInAnyPieces(bytes) == [
        .text(Array("Hello\n".utf8)), .ping(Array("still there?".utf8)), .text(Array("grün".utf8)),
        .pong, .binary([0xFF, 0x00]), .text([]), .close(1000),
      ])
  }

  @Test("lengths of each form", arguments: [0, 1, 125, 126, 127, 65_535, 65_536])
  func lengths(_ count: Int) {
    let payload = (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) }
    let bytes = Self.frame(0x81, payload)
    for piece in [1, 7, 4_096, bytes.count] {
      #expect(Self.read(bytes, piece: piece) == [.text(payload)])
    }
  }

  @Test(
    "what a client must not send",
    arguments: [
      (frame(0x81, [0x61], isMasked: false), 1002), (frame(0xC1, [0x61]), 1002),
      (frame(0xA1, [0x61]), 1002), (frame(0x91, [0x61]), 1002), (frame(0x83, [0x61]), 1002),
      (frame(0x8B, []), 1002), (frame(0x80, [0x61]), 1002), (frame(0x00, []), 1002),
      (frame(0x01, [0x61]) + frame(0x81, [0x62]), 1002), (frame(0x09, []), 1002),
      (frame(0x89, [UInt8](repeating: 0, count: 126)), 1002),
      (frame(0x81, [0x61], lengthBytes: 2), 1002),
      (frame(0x81, [UInt8](repeating: 0x61, count: 126), lengthBytes: 8), 1002),
      ([0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0] + mask, 1002),
      ([0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF] + mask, 1009),
      (frame(0x81, [UInt8](repeating: 0x61, count: 65_537)), 1009),
      (frame(0x01, [UInt8](repeating: 0x61, count: 65_536)) + frame(0x80, [0x61]), 1009),
      (frame(0x81, [0xC3]), 1007), (frame(0x81, [0xC3, 0x28]), 1007),
      (frame(0x81, [0xED, 0xA0, 0x80]), 1007), (frame(0x81, [0xC0, 0x80]), 1007),
      (frame(0x81, [0xE0, 0x80, 0x80]), 1007), (frame(0x81, [0xF4, 0x90, 0x80, 0x80]), 1007),
      (frame(0x81, [0xF8, 0x88, 0x80, 0x80, 0x80]), 1007),
      (frame(0x88, [0x03]), 1002), (frame(0x88, [0x03, 0xED]), 1002),
      (frame(0x88, [0x03, 0xEE]), 1002), (frame(0x88, [0x0B, 0xB7]), 1002),
      (frame(0x88, [0, 0]), 1002), (frame(0x88, [0x03, 0xE8, 0xFF]), 1007),
    ] as [([UInt8], UInt16)])
  func violations(_ bytes: [UInt8], _ code: UInt16) {
    for piece in [1, 3, bytes.count] {
      #expect(Self.read(bytes, piece: piece).last == .violation(code))
    }
  }

  @Test("binary messages are refused where only text is understood")
  func binary() {
    let bytes = Self.frame(0x82, [1])
    #expect(Self.read(bytes, piece: 1, allowsBinary: false) == [.violation(1003)])
  }

  @Test("a close without a reason, and with the codes that may be given")
  func closes() {
    #expect(Self.readInAnyPieces(Self.frame(0x88, [])) == [.close(nil)])
    for code: UInt16 in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999] {
      let payload = [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + Array("bye ü".utf8)
      #expect(Self.readInAnyPieces(Self.frame(0x88, payload)) == [.close(code)])
    }
  }

  @Test("UTF-8 is what the library says it is, wherever it is cut")
  func utf8() {
    SeededRandom.run { random in
      for _ in 0..<20_000 {
        let bytes = (0..<Int.random(in: 1...6, using: &random)).map { _ in
          Bool.random(using: &random)
            ? UInt8.random(in: 0...255, using: &random)
            : [0x61, 0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F]
              .randomElement(using: &random) ?? 0
        }
        var check = UTF8Check()
        let cut = Int.random(in: 0...bytes.count, using: &random)
        let isValid =
          check.take(bytes.span.extracting(0..<cut)) && check.take(bytes.span.extracting(cut...))
          && check.isComplete
        #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
      }
    }
  }

  @Test("headers that the server sends", arguments: [0, 125, 126, 65_535, 65_536, 1 << 40])
  func headers(_ count: Int) {
    var space = [UInt8](repeating: 0, count: FrameHeader.mostBytes)
    var span = space.mutableSpan
    let length = FrameHeader(.text, payloadBytes: count).encode(into: &span)
    #expect(length == (count < 126 ? 2 : count < 65_536 ? 4 : 10))
    let told = space[(length == 2 ? 1 : 2)..<length].reduce(0) { $0 << 8 | Int($1) }
    #expect(told == count)
    #expect(space[0] == 0x81)
  }
}
