internal import ChatCore
internal import ChatHTTP
internal import ChatHTTPClient

/// Files by HTTP, as the server has them: `GET /files/ID`, `/files/ID/sums`, and uploads by tus 1.0.
///
/// Thread: as any `FileService`.
final class HTTPFileService: FileService {
  /// Limit: of the text of a refusal that is kept.
  private static let mostReasonBytes = 512
  /// Limit: of a path that a server names.
  private static let mostPathBytes = 1_024
  private static let sumBytes = 64
  /// How often a server may take a request for talk.
  private static let lateAttempts = 3
  /// How long a server may take to check and store what was sent to its end.
  private static let storePatience: Duration = .seconds(300)
  /// How long a server may take to forget an upload.
  private static let removePatience: Duration = .seconds(3)
  private static let version = (name: "Tus-Resumable", value: "1.0.0")

  private let client: HTTPClient
  private let endpoint: HTTPEndpoint

  init(at endpoint: HTTPEndpoint) throws(HTTPFailure) {
    self.endpoint = endpoint
    client = try HTTPClient(to: endpoint)
  }

  func cancel() { client.cancel() }

  // MARK: Downloads

  func fetch(
    _ file: SharedFile, from offset: UInt64, _ receive: (Span<UInt8>) -> Bool
  ) throws(FileServiceError) {
    var left = file.sizeBytes - offset
    var isWrong = false
    var reason: [UInt8] = []
    let fields = offset > 0 ? [(name: "Range", value: "bytes=\(offset)-")] : []
    let reply = try perform(HTTPRequest(.get, Self.path(of: file), fields)) { reply, bytes in
      guard reply.status == 200 || reply.status == 206 else {
        return Self.gather(bytes, into: &reason)
      }
      isWrong =
        !Self.isRest(reply, from: offset, of: file.sizeBytes) || UInt64(bytes.count) > left
      guard !isWrong else { return false }
      left -= UInt64(bytes.count)
      return receive(bytes)
    }
    try Self.check(reply, reason)
    guard !isWrong else { throw .wrong }
    guard !reply.isCutOff else { throw .cancelled }
    guard left == 0 else { throw .wrong }
  }

  /// Whether an answer has the bytes of a file from an offset to its end.
  private static func isRest(_ reply: HTTPReply, from offset: UInt64, of size: UInt64) -> Bool {
    guard reply.number("content-length") ?? (size - offset) == size - offset else { return false }
    if reply.status == 200 { return offset == 0 }
    return reply["content-range"] == "bytes \(offset)-\(size - 1)/\(size)"
  }

  func sums(of file: SharedFile) throws(FileServiceError) -> [SHA256Digest] {
    let (whole, rest) = file.sizeBytes.quotientAndRemainder(
      dividingBy: UInt64(Limits.sumBlockBytes))
    let most = Int(clamping: whole + (rest > 0 ? 1 : 0))
    var sums: [SHA256Digest] = []
    var line: [UInt8] = []
    var reason: [UInt8] = []
    // A line that is no sum matches no block: what follows it is worth nothing.
    var hasEnded = false
    let request = HTTPRequest(.get, "/files/\(PercentEncoding.encoded(file.id))/sums")
    let reply = try perform(request) { reply, bytes in
      guard reply.status == 200 else { return Self.gather(bytes, into: &reason) }
      for index in bytes.indices where !hasEnded {
        guard bytes[index] == UInt8(ascii: "\n") else {
          line.append(bytes[index])
          hasEnded = line.count > Self.sumBytes
          continue
        }
        if let sum = SHA256Digest(hex: String(decoding: line, as: UTF8.self)), sums.count < most {
          sums.append(sum)
        } else {
          hasEnded = true
        }
        line = []
      }
      return !hasEnded
    }
    try Self.check(reply, reason)
    return sums
  }

  private static func path(of file: SharedFile) -> String {
    "/files/\(PercentEncoding.encoded(file.id))"
  }

  // MARK: Uploads

  func begin(_ plan: UploadPlan) throws(FileServiceError) -> UploadPlace {
    let metadata = [
      ("filename", plan.name.text), ("sha256", plan.digest.hex), ("room", plan.room),
    ].map { "\($0) \(Base64.encoded(Array($1.utf8)))" }
    let reply = try exchange(
      HTTPRequest(
        .post, "/files",
        [
          Self.version, ("Authorization", "Bearer \(plan.token)"),
          ("Upload-Length", "\(plan.size)"), ("Upload-Metadata", metadata.joined(separator: ",")),
        ]), hasPlace: false)
    guard reply.status == 201, let path = path(in: reply) else { throw .wrong }
    guard let offset = reply.number("upload-offset") else {
      guard reply["upload-offset"] == nil else { throw .wrong }
      return UploadPlace(path: path, size: plan.size, offset: 0)
    }
    return UploadPlace(path: path, size: plan.size, offset: offset)
  }

  func progress(of place: UploadPlace) throws(FileServiceError) -> UploadProgress {
    let reply = try exchange(HTTPRequest(.head, place.path, [Self.version]), hasPlace: true)
    let progress = try progress(in: reply, of: place)
    // All of it is there, but the room has not been told: that takes another request.
    return progress == .finished(id: nil) ? .offset(place.size) : progress
  }

  func send(
    to place: UploadPlace, from offset: UInt64,
    _ read: @escaping (UnsafeMutableRawBufferPointer, UInt64) -> Bool
  ) throws(FileServiceError) -> UploadProgress {
    let body = HTTPRequest.Body(sizeBytes: place.size - offset) { space, sent in
      read(space, offset + sent)
    }
    var request = HTTPRequest(
      .patch, place.path,
      [
        Self.version, ("Upload-Offset", "\(offset)"),
        ("Content-Type", "application/offset+octet-stream"),
      ], body: body)
    request.answerPatience = Self.storePatience
    return try progress(in: try exchange(request, hasPlace: true), of: place)
  }

  func remove(_ place: UploadPlace) {
    // What ended the upload has ended the client's other requests, too.
    guard let client = try? HTTPClient(to: endpoint) else { return }
    var request = HTTPRequest(.delete, place.path, [Self.version])
    (request.patience, request.answerPatience) = (Self.removePatience, Self.removePatience)
    // If it can't be reached, it forgets it by itself.
    _ = try? client.perform(request)
  }

  private func progress(
    in reply: HTTPReply, of place: UploadPlace
  ) throws(FileServiceError) -> UploadProgress {
    guard let offset = reply.number("upload-offset"), offset <= place.size else { throw .wrong }
    guard offset == place.size else { return .offset(offset) }
    let words = path(in: reply)?.split(separator: "/") ?? []
    guard 2...3 ~= words.count, words[0] == "files" else { return .finished(id: nil) }
    return .finished(id: PercentEncoding.decoded(words[1]))
  }

  /// The path that `Location` names, which may have the origin in front.
  private func path(in reply: HTTPReply) -> String? {
    guard var location = reply["location"] else { return nil }
    if location.hasPrefix(endpoint.origin) {
      location.removeFirst(endpoint.origin.count)
    }
    guard location.hasPrefix("/"), location.utf8.count <= Self.mostPathBytes,
      location.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else { return nil }
    return location
  }

  // MARK: Requests

  /// Makes a request whose answer is all in its head.
  ///
  /// - Parameter hasPlace: it is about an upload that the server knows, or knew.
  private func exchange(
    _ request: HTTPRequest, hasPlace: Bool
  ) throws(FileServiceError) -> HTTPReply {
    var reason: [UInt8] = []
    let reply = try perform(request) { _, bytes in Self.gather(bytes, into: &reason) }
    if hasPlace, reply.status == 404 || reply.status == 410 { throw .forgotten }
    try Self.check(reply, reason)
    return reply
  }

  private func perform(
    _ request: HTTPRequest, receive: (HTTPReply, Span<UInt8>) -> Bool
  ) throws(FileServiceError) -> HTTPReply {
    var attempt = 1
    while true {
      do throws(HTTPFailure) { return try client.perform(request, receive: receive) } catch {
        switch error {
        case .cancelled: throw .cancelled
        // One of the two machines is busy: the next connection is likely to be in time.
        case .notHTTP where attempt < Self.lateAttempts: attempt += 1
        case .unreachable, .lost: throw .lost(error.reason)
        case .notHTTP: throw .busy(error.reason)
        case .distrusted(let reason): throw .distrusted("the server is not trusted: \(reason)")
        }
      }
    }
  }

  /// Keeps the beginning of a text.
  ///
  /// - Returns: false once there is as much as is kept.
  private static func gather(_ bytes: Span<UInt8>, into text: inout [UInt8]) -> Bool {
    for index in bytes.indices where text.count < mostReasonBytes { text.append(bytes[index]) }
    return text.count < mostReasonBytes
  }

  /// - Throws: what an answer says that is none of success.
  private static func check(
    _ reply: HTTPReply, _ text: [UInt8]
  ) throws(FileServiceError) {
    switch (reply.status, reply["chat-code"]) {
    case (200...299, _): return
    case (460, _): throw .mismatch
    // The talk has another connection, or is about to; the client was too slow, or the server is going.
    case (401, _), (408, _), (409, _), (_, ErrorCode.shuttingDown.rawValue):
      throw .lost(reason(reply, text))
    case (423, _), (503, _): throw .busy(reason(reply, text))
    default: throw .refused(reason(reply, text))
    }
  }

  /// What the server says, for a person.
  private static func reason(_ reply: HTTPReply, _ text: [UInt8]) -> String {
    let bytes = text.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    let line = TextCleaner.clean(bytes.span)
    guard reply["content-type"]?.hasPrefix("text/plain") == true, !line.isEmpty else {
      return "the server answers \(reply.status)"
    }
    // `404 Not Found: there is no such file`: the number is for programs.
    guard line.hasPrefix("\(reply.status) "), let colon = line.firstRange(of: ": ") else {
      return line
    }
    return String(line[colon.upperBound...])
  }
}
