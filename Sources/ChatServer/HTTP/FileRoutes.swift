internal import ChatCore
internal import ChatFiles
internal import ChatHTTP
internal import ChatSystem

/// The files that were sent, to read: `/files/ID`, `/files/ID/NAME`, `/files/ID/sums`.
///
/// Whoever knows a file's id may have it, as whoever is in its room does. No page from elsewhere may show or read it.
///
/// Thread: any.
struct FileRoutes {
  /// How long a client that is refused for want of a place should wait, in seconds.
  private static let retrySeconds = 5
  /// What a file with this id has never another content: it need not be asked for again.
  private static let caching: ResponseHead.Value = "private, max-age=86400, immutable"

  private let server: ServerContext

  init(_ server: ServerContext) { self.server = server }

  /// Answers with a file, or the part of it that is asked for.
  func answer(
    _ head: RequestHead, for id: String, from address: Address, _ origin: RequestOrigin,
    while isWanted: () -> Bool
  ) -> HTTPAnswer {
    do throws(HTTPRefusal) {
      try Self.refuseOtherPages(head, origin)
      let (file, content) = try find(id, while: isWanted)
      var answer = try self.head(of: file, content)
      let tag = EntityTag("sha256-\(file.digest.hex)")
      answer.head[.entityTag] = ResponseHead.Value(tag)
      let date = HTTPDate(seconds: file.timeMilliseconds / 1_000)
      answer.head[.lastModified] = ResponseHead.Value(date)
      let (state, now) = (
        Preconditions(tag: tag, lastModified: date),
        HTTPDate(seconds: WallClock.milliseconds / 1_000)
      )
      switch state.verdict(for: head, now: now) {
      case .proceed: break
      case .notModified: return answer.with(.notModified)
      case .failed: throw HTTPRefusal(.preconditionFailed, "the file is another one")
      }
      var range = 0..<file.sizeBytes
      if state.allowsRange(of: head, now: now) {
        switch ByteRange(head, size: file.sizeBytes) {
        case .all: break
        case .part(let part):
          range = part
          answer = answer.with(.partialContent)
          answer.head[.contentRange] = ResponseHead.Value(
            "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.sizeBytes)")
        case .unsatisfiable:
          var refusal = HTTPRefusal(.rangeNotSatisfiable, "the file has no such bytes")
          refusal.answer.head[.contentRange] = ResponseHead.Value("bytes */\(file.sizeBytes)")
          throw refusal
        }
      }
      answer.content = .unsent(UInt64(range.count))
      if head.method == "GET" {
        let part = HTTPAnswer.FilePart(
          content: content, range: range, slot: try place(for: file, address))
        answer.content = .file(part)
      }
      return answer
    } catch {
      return error.answer
    }
  }

  /// Answers with the SHA-256 of each MiB of a file, a line each.
  func answerSums(
    _ head: RequestHead, of id: String, _ origin: RequestOrigin, while isWanted: () -> Bool
  ) -> HTTPAnswer {
    do throws(HTTPRefusal) {
      try Self.refuseOtherPages(head, origin)
      let (_, content) = try find(id, while: isWanted)
      var known: [SHA256Digest]?
      while known == nil {
        do throws(ShelfError) { known = try server.files?.sums(of: content) } catch {
          server.log.error("\(error)")
          throw .unreadable
        }
        guard isWanted() else { throw .unreadable }
      }
      var answer = HTTPAnswer(
        .ok, "text/plain; charset=utf-8", (known ?? []).map { $0.hex + "\n" }.joined())
      answer.head[.cacheControl] = Self.caching
      return answer
    } catch {
      return error.answer
    }
  }

  // MARK: Parts

  /// A link that is followed is a person's wish; what a page of somebody else's loads by itself is not. By which name
  /// the server was found does not matter: the id is secret.
  private static func refuseOtherPages(
    _ head: RequestHead, _ origin: RequestOrigin
  ) throws(HTTPRefusal) {
    let fields = head.fields
    let isOfPage = !fields.values("origin").isEmpty
    let isLoaded =
      !fields.values("sec-fetch-site").isEmpty && fields.values("sec-fetch-mode") != ["navigate"]
    guard origin.isTrusted || !isOfPage && !isLoaded else {
      throw HTTPRefusal(.forbidden, "not for pages from elsewhere", code: "not-allowed")
    }
  }

  private func find(
    _ id: String, while isWanted: () -> Bool
  ) throws(HTTPRefusal) -> (SharedFile, OpenContent) {
    guard let files = server.files, let contents = server.contents else { throw .noSuchFile }
    guard let file = files.file(id: id) else {
      throw files.isGone(id: id) ? .gone : .noSuchFile
    }
    let content: OpenContent?
    do throws(SystemError) {
      content = try contents.open(file, makingWay: server.transfers) {
        SystemThread.sleep(for: $0)
        return isWanted()
      }
    } catch {
      server.log.error("a file can't be read: \(error)")
      throw .unreadable
    }
    guard let content else { throw .gone }
    return (file, content)
  }

  private func head(of file: SharedFile, _ content: OpenContent) throws(HTTPRefusal) -> HTTPAnswer {
    let beginning: [UInt8]
    do throws(SystemError) {
      beginning = try content.bytes(from: 0, count: ImageType.signatureBytes)
    } catch {
      server.log.error("a file can't be read: \(error)")
      throw .unreadable
    }
    let image = ImageType(beginning: beginning)
    var head = ResponseHead(.ok)
    head[.contentType] = image?.contentType ?? "application/octet-stream"
    head[.contentDisposition] =
      (image == nil ? ContentDisposition.attachment : .inline).value(naming: file.name)
    head[.contentSecurityPolicy] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    head[.acceptRanges] = "bytes"
    head[.cacheControl] = Self.caching
    var digest: [UInt8] = []
    file.digest.append(to: &digest)
    // RFC 9530: of the whole file, whatever part is sent.
    head[.reprDigest] = ResponseHead.Value("sha-256=:\(Base64.encoded(digest)):")
    return HTTPAnswer(head)
  }

  private func place(
    for file: SharedFile, _ address: Address
  ) throws(HTTPRefusal) -> TransferSlot {
    let block = AddressBlock(of: address)
    if let slot = server.transfers.beginDownload(of: file.digest, by: block) { return slot }
    var refusal = HTTPRefusal(
      .serviceUnavailable, "too many downloads at once; try again later", code: "file-refused")
    refusal.answer.head[.retryAfter] = ResponseHead.Value(Self.retrySeconds)
    throw refusal
  }
}

extension HTTPRefusal {
  fileprivate static let noSuchFile = HTTPRefusal(
    .notFound, "there is no such file", code: "no-such-file")
  fileprivate static let gone = HTTPRefusal(
    .gone, "the file is no longer kept", code: "no-such-file")
  fileprivate static let unreadable = HTTPRefusal(
    .internalServerError, "the server can't read the file now", code: "file-refused")
}
