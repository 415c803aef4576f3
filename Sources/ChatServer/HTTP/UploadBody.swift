internal import ChatCore
internal import ChatFiles
internal import ChatHTTP
internal import ChatSystem

/// The body of a request that brings bytes of a file, which are written as they come.
///
/// Thread: its session's.
final class UploadBody {
  /// From so many bytes on a file is no matter of a moment: the thread that sends or receives it lets others go first.
  static let largeBytes: UInt64 = 1_048_576
  /// How often it is checked whether it makes progress.
  private static let checkInterval: Duration = .seconds(1)
  /// How many bytes may wait in the system for us to read them: they are lost if the server is killed.
  static let unreadBytes: CInt = 262_144
  /// RFC 9110, section 15.2.1.
  private static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  private let head: RequestHead
  private let connection: HTTPConnection
  private let server: ServerContext
  private var leftBytes: UInt64

  /// Whether all of it was received.
  var hasReceivedAll: Bool { leftBytes == 0 }

  init(of head: RequestHead, over connection: HTTPConnection, _ server: ServerContext) {
    (self.head, self.connection, self.server) = (head, connection, server)
    leftBytes = head.contentLength
  }

  /// Receives it.
  ///
  /// - Parameters:
  ///   - isWanted: asked again and again.
  ///   - note: takes the bytes, too.
  /// - Returns: false if the client is gone before, or it was not wanted to the end.
  /// - Throws: `HTTPRefusal` if it is too slow, or can't be written.
  func receive(
    into upload: ContentUpload, _ slot: TransferSlot, while isWanted: () -> Bool = { true },
    noting note: (Span<UInt8>) -> Void = { _ in }
  ) throws(HTTPRefusal) -> Bool {
    connection.transport.keepUnreadBytes(below: Self.unreadBytes)
    let buffers: WorkBuffers
    do throws(SystemError) {
      buffers = try server.buffers.make(inputBytes: WorkBuffers.fileInputBytes)
      if head.expectsContinue {
        let isTaken = try connection.send(Self.goOn, until: .now + Self.checkInterval)
        guard isTaken else { return false }
      }
    } catch { return false }
    // The talk goes first.
    if head.contentLength >= Self.largeBytes { SystemThread.standBack() }
    let patience = server.options.readerTimeout
    var deadline = MonotonicTime.now + patience
    while leftBytes > 0 {
      guard isWanted() else { return false }
      var (count, failure): (Int, ShelfError?) = (0, nil)
      do throws(SystemError) {
        let received = try connection.receiveBody(
          into: buffers, atMost: leftBytes, until: .now + Self.checkInterval
        ) { bytes in
          count = bytes.count
          do throws(ShelfError) {
            try bytes.withUnsafeBytes { bytes throws(ShelfError) in try upload.append(bytes) }
            note(bytes)
          } catch { failure = error }
        }
        guard received != .end else { return false }
      } catch { return false }
      leftBytes -= UInt64(count)
      try server.shelf { () throws(ShelfError) in if let failure { throw failure } }
      if count > 0 { deadline = .now + patience }
      if let reason = slot.note(UInt64(count)).reason {
        throw server.refuse(Refusal(.fileRefused, reason), .requestTimeout)
      }
      guard .now < deadline else {
        throw server.refuse(
          Refusal(.fileRefused, "the upload made no progress for too long"), .requestTimeout)
      }
    }
    return true
  }
}
