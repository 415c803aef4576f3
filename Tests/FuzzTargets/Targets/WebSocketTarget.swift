internal import ChatWebSocket

/// Frames of a WebSocket's client. The input is the seed of the pieces, and what a client sends.
enum WebSocketTarget {
  private static let mostMessageBytes = 4_096

  /// What was read, however it came.
  private enum Found: Equatable {
    case message([UInt8], isText: Bool)
    case event(FrameReader.Event)
    case violation(CloseCode)
  }

  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let seed = UInt64(reader.byte())
    let bytes = Array(reader.rest)
    let whole = found(in: [bytes])
    var parts: [[UInt8]] = []
    var pieces = Pieces(seed: seed)
    pieces.each(of: bytes) { parts.append(Array($0)) }
    demand(whole == found(in: parts), "pieces make other messages")
    for case .message(let message, let isText) in whole {
      demand(message.count <= mostMessageBytes, "a message of \(message.count) bytes")
      demand(!isText || String(validating: message, as: UTF8.self) != nil, "a text that is none")
    }
    for case .event(.ping(let payload)) in whole {
      demand(payload.count <= FrameHeader.mostControlBytes, "a ping of \(payload.count) bytes")
    }
  }

  private static func found(in parts: [[UInt8]]) -> [Found] {
    var reader = FrameReader(mostMessageBytes: mostMessageBytes, allowsBinary: true)
    var (found, message): ([Found], [UInt8]) = ([], [])
    do throws(FrameReader.Violation) {
      for part in parts {
        var (bytes, position) = (part, 0)
        while true {
          var space = bytes.mutableSpan
          guard let event = try reader.next(in: &space, from: &position, to: part.count) else {
            break
          }
          switch event {
          case .payload(let range): message += bytes[range]
          case .messageEnd(let isText):
            found.append(.message(message, isText: isText))
            message = []
          default: found.append(.event(event))
          }
        }
        demand(position == part.count, "bytes are left over")
      }
    } catch {
      found.append(.violation(error.code))
    }
    return found
  }
}
