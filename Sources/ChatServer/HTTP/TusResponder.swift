internal import ChatCore
internal import ChatFiles
internal import ChatHTTP
internal import ChatSystem

/// Uploads that go on after any interruption, as tus 1.0 has them: `POST /files` begins one, `HEAD`, `PATCH` and
/// `DELETE` at `/files/uploads/ID` are about it.
///
/// The client that begins one proves by a token to be in the room; the upload's id is known to that client alone. With the last
/// byte, the file is announced.
///
/// Thread: its session's.
final class TusResponder {
  private static let contentType = "application/offset+octet-stream"
  /// Limit: of what is said of a file.
  private static let mostMetadataBytes = 4_096

  private let head: RequestHead
  private let block: AddressBlock
  private let isEncrypted: Bool
  private let server: ServerContext
  private let body: UploadBody
  /// Has the client wait.
  private let pace: (Duration) -> Void

  /// Whether the whole body was received.
  var hasReceivedAll: Bool { body.hasReceivedAll }

  /// - Parameter pace: has the client wait so long, less if the connection is to end.
  init(
    _ head: RequestHead, from address: Address, over connection: HTTPConnection,
    isEncrypted: Bool, _ server: ServerContext, pace: @escaping (Duration) -> Void
  ) {
    (self.head, block, self.server) = (head, AddressBlock(of: address), server)
    self.pace = pace
    self.isEncrypted = isEncrypted
    body = UploadBody(of: head, over: connection, server)
  }

  /// Whether a request is one of tus.
  static func isMeant(by head: RequestHead) -> Bool {
    let segments = head.target.segments
    let method = TusFields.method(of: head)
    switch segments.count {
    case 1: return segments == ["files"] && ["POST", "OPTIONS"].contains(method)
    case 3:
      return segments.starts(with: ["files", "uploads"])
        && ["HEAD", "PATCH", "DELETE", "OPTIONS"].contains(method)
    default: return false
    }
  }

  /// Carries the request out.
  ///
  /// - Returns: `nil` if the client is gone before.
  func run() -> HTTPAnswer? {
    var answer: HTTPAnswer?
    do throws(HTTPRefusal) { answer = try answered() } catch { answer = error.answer }
    answer?.head[.tusResumable] = TusFields.version
    return answer
  }

  private func answered() throws(HTTPRefusal) -> HTTPAnswer? {
    let method = TusFields.method(of: head)
    if method == "OPTIONS" { return capabilities }
    try refuseOtherPages()
    guard head.fields["tus-resumable"] == TusFields.version.text else {
      var refusal = HTTPRefusal(.preconditionFailed, "this is tus 1.0.0: Tus-Resumable is missing")
      refusal.answer.head[.tusVersion] = TusFields.version
      throw refusal
    }
    guard method != "POST" else { return try create() }
    guard let upload = server.tusUploads.find(head.target.segments[2]) else { throw .noSuchUpload }
    switch method {
    case "HEAD": return try state(of: upload)
    case "DELETE": return try terminate(upload)
    default: return try append(to: upload)
    }
  }

  private var capabilities: HTTPAnswer {
    var answer = HTTPAnswer(.noContent)
    answer.head[.tusVersion] = TusFields.version
    answer.head[.tusExtension] = TusFields.extensions
    answer.head[.tusMaxSize] = ResponseHead.Value(server.largestFileBytes)
    answer.head[.tusChecksumAlgorithm] = "sha256"
    answer.head[.allow] = "POST, HEAD, PATCH, DELETE, OPTIONS"
    return answer
  }

  /// By which name the server was found does not matter: no page from elsewhere knows a token.
  private func refuseOtherPages() throws(HTTPRefusal) {
    let signs = ["origin", "sec-fetch-site"]
    guard signs.contains(where: { !head.fields.values($0).isEmpty }) else { return }
    let origin = RequestOrigin(head, isEncrypted: isEncrypted, knownHosts: server.knownHosts)
    guard origin.isTrusted else {
      throw HTTPRefusal(.forbidden, "not for pages from elsewhere", code: "not-allowed")
    }
  }

  // MARK: Beginning

  private func create() throws(HTTPRefusal) -> HTTPAnswer? {
    let (plan, room, peer) = try plan()
    guard let files = server.files else { throw .noSuchUpload }
    pace(server.tokens.spend(1, of: plan.token))
    // The same file again goes on where it was.
    var content: ContentUpload?
    if let known = server.tusUploads.find(like: plan), case .content(let held) = known.claim() {
      content = held
      known.end()
      server.tusUploads.remove(known)
    }
    guard let upload = server.tusUploads.begin(plan) else {
      throw server.refuse(Refusal(.serverFull, "too many uploads at once; try again later"))
    }
    do throws(HTTPRefusal) {
      let target = if let content { content } else { try open(plan, files) }
      let offset = target.receivedBytes
      var answer = HTTPAnswer(.created)
      if offset == plan.sizeBytes {
        let path = try complete(upload, target, in: room, by: peer)
        answer.head[.contentLocation] = ResponseHead.Value(path)
      } else {
        upload.release(target)
      }
      answer.head[.location] = ResponseHead.Value("/files/uploads/\(upload.id)")
      answer.head[.uploadOffset] = ResponseHead.Value(offset)
      answer.head[.uploadExpires] = expiry
      return answer
    } catch {
      upload.end()
      server.tusUploads.remove(upload)
      throw error
    }
  }

  private func plan() throws(HTTPRefusal) -> (TusUpload.Plan, Room, Peer) {
    guard let token = TusFields.bearerToken(of: head), let peer = server.tokens.peer(of: token)
    else {
      var refusal = HTTPRefusal(
        .unauthorized, "whose is it? Authorization: Bearer and the token of [WELCOME]",
        code: "not-allowed")
      refusal.answer.head[.wwwAuthenticate] = "Bearer"
      throw refusal
    }
    guard let size = TusFields.count("upload-length", in: head) else {
      throw HTTPRefusal(.badRequest, "Upload-Length is no number of bytes")
    }
    let text = head.fields["upload-metadata"] ?? ""
    guard text.utf8.count <= Self.mostMetadataBytes else {
      throw HTTPRefusal(.badRequest, "Upload-Metadata is longer than a file's name, room and sum")
    }
    guard let metadata = TusFields.metadata(text), let name = metadata["filename"] else {
      throw HTTPRefusal(.badRequest, "Upload-Metadata has no filename")
    }
    var digest: SHA256Digest?
    if let hex = metadata["sha256"] {
      digest = SHA256Digest(hex: hex)
      guard digest != nil else { throw HTTPRefusal(.badRequest, "sha256 is no checksum") }
    }
    guard let room = peer.stream as? Room, let nickname = room.nickname(of: peer),
      let owner = try? Nickname.spelled(nickname),
      metadata["room"] ?? room.name.text == room.name.text
    else { throw HTTPRefusal(.forbidden, "you are not in that room", code: "not-allowed") }
    let largest = server.largestFileBytes
    do throws(Refusal) {
      guard largest > 0 else { throw Refusal(.fileRefused, "this server stores no files") }
      guard size <= largest else {
        throw Refusal(.fileTooLarge, "a file has at most \(ByteCount.text(largest)) here")
      }
      let plan = TusUpload.Plan(
        source: block, token: token, owner: owner.key, room: room.name.text,
        name: try FileName(name),
        sizeBytes: size, digest: digest, metadata: text)
      return (plan, room, peer)
    } catch {
      throw server.refuse(error)
    }
  }

  private func open(
    _ plan: TusUpload.Plan, _ files: FileShelf
  ) throws(HTTPRefusal) -> ContentUpload {
    try server.shelf { () throws(ShelfError) in
      try files.beginUpload(
        resumeKey: plan.owner, digest: plan.digest, size: plan.sizeBytes, from: block)
    }
  }

  // MARK: Going on

  /// What is there of an upload.
  private enum Claimed {
    /// The request has it.
    case content(ContentUpload)
    /// It is a file, with this path.
    case finished(path: String)
  }

  private func claim(_ upload: TusUpload) throws(HTTPRefusal) -> Claimed {
    switch upload.claim() {
    case .content(let content?): return .content(content)
    case .content(nil):
      do throws(HTTPRefusal) {
        guard let files = server.files else { throw .noSuchUpload }
        return .content(try open(upload.plan, files))
      } catch {
        upload.end()
        throw error
      }
    case .finished(let path): return .finished(path: path)
    case .ended: throw .noSuchUpload
    case .busy: throw HTTPRefusal(.locked, "another request has this upload")
    }
  }

  private func state(of upload: TusUpload) throws(HTTPRefusal) -> HTTPAnswer {
    var answer = HTTPAnswer(.ok)
    switch try claim(upload) {
    case .content(let target):
      answer.head[.uploadOffset] = ResponseHead.Value(target.receivedBytes)
      upload.release(target)
    case .finished(let path):
      answer.head[.uploadOffset] = ResponseHead.Value(upload.plan.sizeBytes)
      answer.head[.location] = ResponseHead.Value(path)
    }
    answer.head[.uploadLength] = ResponseHead.Value(upload.plan.sizeBytes)
    answer.head[.uploadMetadata] = ResponseHead.Value(upload.plan.metadata)
    answer.head[.uploadExpires] = expiry
    answer.head[.cacheControl] = "no-store"
    return answer
  }

  private func terminate(_ upload: TusUpload) throws(HTTPRefusal) -> HTTPAnswer {
    if case .content(let target) = try claim(upload) {
      target.abandon(keepsPartial: false)
      upload.end()
    }
    server.tusUploads.remove(upload)
    return HTTPAnswer(.noContent)
  }

  private func append(to upload: TusUpload) throws(HTTPRefusal) -> HTTPAnswer? {
    guard head.fields["content-type"] == Self.contentType else {
      throw HTTPRefusal(.unsupportedMediaType, "a PATCH is \(Self.contentType)")
    }
    guard let offset = TusFields.count("upload-offset", in: head) else {
      throw HTTPRefusal(.badRequest, "Upload-Offset is no number of bytes")
    }
    guard !head.fields.values("content-length").isEmpty else {
      throw HTTPRefusal(.lengthRequired, "a PATCH needs a Content-Length")
    }
    let target: ContentUpload
    switch try claim(upload) {
    case .content(let content): target = content
    case .finished(let path):
      guard offset == upload.plan.sizeBytes, head.contentLength == 0 else { throw .otherOffset }
      return finished(offset, of: upload, path: path)
    }
    var isHeld = true
    defer { if isHeld { upload.release(target) } }
    guard offset == target.receivedBytes else { throw .otherOffset }
    guard head.contentLength <= upload.plan.sizeBytes - offset else {
      throw HTTPRefusal(.contentTooLarge, "the file would be longer than it was said to be")
    }
    do throws(HTTPRefusal) {
      guard try receive(into: target, of: upload, from: offset) else { return nil }
    } catch {
      if error.answer.head.status == .insufficientStorage {
        // What is here of it is what others have no space for: the history among them.
        isHeld = false
        target.abandon(keepsPartial: false)
        upload.end()
        server.tusUploads.remove(upload)
      }
      throw error
    }
    let received = target.receivedBytes
    guard received == upload.plan.sizeBytes else { return noted(received, of: upload) }
    let (room, peer) = try sender(of: upload)
    isHeld = false
    let path = try complete(upload, target, in: room, by: peer)
    return finished(received, of: upload, path: path)
  }

  /// Receives the body, and checks it.
  ///
  /// - Returns: false if the client is gone before.
  private func receive(
    into target: ContentUpload, of upload: TusUpload, from offset: UInt64
  ) throws(HTTPRefusal) -> Bool {
    let checksum = TusFields.Checksum(head)
    guard checksum != .unknown else {
      throw HTTPRefusal(.badRequest, "Upload-Checksum is sha256 and 32 bytes in base64")
    }
    guard let slot = server.transfers.beginUpload(from: block) else {
      throw server.refuse(Refusal(.serverFull, "too many uploads at once; try again later"))
    }
    target.makeWay = { [transfers = server.transfers] in transfers.makeWay(for: slot) }
    let sum = BodySum()
    let isChecked = if case .sha256 = checksum { true } else { false }
    let isWhole = try body.receive(into: target, slot, while: { upload.isUndisturbed }) { bytes in
      if isChecked { sum.add(bytes) }
    }
    guard isWhole else { return false }
    if case .sha256(let wanted) = checksum, sum.finish() != wanted {
      try server.shelf { () throws(ShelfError) in try target.rewind(to: offset) }
      throw HTTPRefusal(
        .checksumMismatch, "the bytes came otherwise than they were sent", code: "file-mismatch")
    }
    return true
  }

  private func noted(_ offset: UInt64, of upload: TusUpload) -> HTTPAnswer {
    var answer = HTTPAnswer(.noContent)
    answer.head[.uploadOffset] = ResponseHead.Value(offset)
    answer.head[.uploadExpires] = expiry
    return answer
  }

  private func finished(_ offset: UInt64, of upload: TusUpload, path: String) -> HTTPAnswer {
    var answer = noted(offset, of: upload)
    answer.head[.location] = ResponseHead.Value(path)
    return answer
  }

  // MARK: The end

  /// Whose it is, if they are still in the room for which it was begun.
  private func sender(of upload: TusUpload) throws(HTTPRefusal) -> (Room, Peer) {
    guard let peer = server.tokens.peer(of: upload.plan.token), let room = peer.stream as? Room,
      room.name.text == upload.plan.room
    else {
      throw HTTPRefusal(
        .conflict, "its sender has left the room; begin it again, and it goes on here")
    }
    return (room, peer)
  }

  /// Stores a file all of which has come, and announces it. The upload is over, however it ends.
  ///
  /// - Returns: the file's path.
  private func complete(
    _ upload: TusUpload, _ target: ContentUpload, in room: Room, by peer: Peer
  ) throws(HTTPRefusal) -> String {
    do throws(HTTPRefusal) {
      let stored = try server.shelf { () throws(ShelfError) in try target.finish() }
      pace(server.tokens.spend(ServerContext.announcementTokens, of: upload.plan.token))
      guard let nickname = room.nickname(of: peer) else {
        throw HTTPRefusal(.conflict, "its sender has left the room")
      }
      let file: SharedFile?
      do throws(Refusal) {
        file = try server.announce(
          stored, named: upload.plan.name, in: room, by: peer, called: nickname)
      } catch { throw server.refuse(error) }
      guard let file else {
        throw HTTPRefusal(.serviceUnavailable, "the server is stopping", code: "shutting-down")
      }
      let path = FileLinks.path(of: file)
      upload.finish(path: path)
      return path
    } catch {
      upload.end()
      server.tusUploads.remove(upload)
      throw error
    }
  }

  private var expiry: ResponseHead.Value {
    let seconds = WallClock.milliseconds / 1_000 + TusUploads.lifetime.components.seconds
    return ResponseHead.Value(HTTPDate(seconds: seconds))
  }
}

extension HTTPRefusal {
  fileprivate static let noSuchUpload = HTTPRefusal(
    .notFound, "there is no such upload", code: "no-such-file")
  fileprivate static let otherOffset = HTTPRefusal(
    .conflict, "the upload does not go on there: ask with HEAD")
}
