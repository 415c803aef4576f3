internal import CCurl
internal import ChatSystem
internal import Synchronization

/// Sends requests of HTTP/1.1 to one server, one after another, over one connection as long as that lasts (libcurl).
///
/// Nothing is followed, decompressed or remembered: no redirects, no cookies, no proxies of the environment.
///
/// Owns: the handles of libcurl, and the connection.
///
/// Thread: one at a time; `cancel` any.
package final class HTTPClient: @unchecked Sendable {
  // Safety: `handle` and `socket` are confined to the thread that performs. Of `multi` another thread uses
  // `curl_multi_wakeup` alone, which is made for that; both live as long as this object.

  /// Limit: of the fields of an answer that are kept, and of the bytes of each.
  fileprivate static let mostFields = 64
  fileprivate static let mostFieldBytes = 4_096
  private static let connectLimit: Duration = .seconds(10)
  /// What passes more slowly than this as long as the patience lasts is given up.
  private static let leastBytesPerSecond: UInt64 = 100
  /// How often it is looked whether anything passes.
  private static let interval: Duration = .seconds(1)
  private static let bufferBytes = 65_536

  /// Once in a process, before any thread uses the library.
  private static let hasStarted = ccurl_start() == CURLE_OK

  private let endpoint: HTTPEndpoint
  private let handle: UnsafeMutableRawPointer
  private let multi: UnsafeMutableRawPointer
  /// The library's, of the last connection it made: requests go over that.
  private var socket: CInt?
  // Relaxed: nothing is handed over with it, and the waking comes after.
  private let isCancelled = Atomic(false)

  /// - Throws: `HTTPFailure` if the library has no memory.
  package init(to endpoint: HTTPEndpoint) throws(HTTPFailure) {
    guard Self.hasStarted, let handle = curl_easy_init() else {
      throw .unreachable("libcurl does not start")
    }
    guard let multi = curl_multi_init() else {
      curl_easy_cleanup(handle)
      throw .unreachable("libcurl does not start")
    }
    (self.endpoint, self.handle, self.multi) = (endpoint, handle, multi)
  }

  deinit {
    curl_multi_cleanup(multi)
    curl_easy_cleanup(handle)
  }

  /// Ends the request that is under way, and all after it.
  ///
  /// Thread: any.
  package func cancel() {
    isCancelled.store(true, ordering: .relaxed)
    curl_multi_wakeup(multi)
  }

  /// Sends a request and waits for the end of the answer.
  ///
  /// - Parameter receive: takes the answer's head and the next bytes of its body; `false` cuts the answer off. It is not
  ///   called for an answer without a body.
  /// - Returns: the answer's head, once all of the answer has come, or it was cut off.
  /// - Throws: `HTTPFailure`; `cancelled` also if the request's body ended it.
  package func perform(
    _ request: HTTPRequest, receive: (HTTPReply, Span<UInt8>) -> Bool = { _, _ in true }
  ) throws(HTTPFailure) -> HTTPReply {
    try withoutActuallyEscaping(receive) { receive throws(HTTPFailure) in
      let exchange = Exchange(handle, request.body, receive)
      let fields = try prepare(request, exchange)
      defer { curl_slist_free_all(fields) }
      try run(request, exchange)
      exchange.reply.status = ccurl_status(handle)
      return exchange.reply
    }
  }

  // MARK: Setting up

  private func prepare(
    _ request: HTTPRequest, _ exchange: Exchange
  ) throws(HTTPFailure) -> UnsafeMutablePointer<curl_slist>? {
    curl_easy_reset(handle)
    try set(CURLOPT_URL, to: endpoint.origin + request.path)
    ccurl_set_string(handle, CURLOPT_USERAGENT, "chat-client")
    // An empty one is none, whatever the environment says.
    try set(CURLOPT_PROXY, to: "")
    // A server that vanished without a word is found out in two minutes.
    ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
    ccurl_set_long(handle, CURLOPT_TCP_KEEPIDLE, 60)
    ccurl_set_long(handle, CURLOPT_TCP_KEEPINTVL, 15)
    ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    // `..` in what a server names stays what it is.
    ccurl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
    ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(Self.connectLimit / .milliseconds(1)))
    ccurl_set_long(handle, CURLOPT_BUFFERSIZE, Self.bufferBytes)
    ccurl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, Self.bufferBytes)
    try trust()
    method(of: request)
    let context = Unmanaged.passUnretained(exchange).toOpaque()
    ccurl_on_socket(handle, Self.onSocket, Unmanaged.passUnretained(self).toOpaque())
    ccurl_on_head(handle, Exchange.onHead, context)
    ccurl_on_body(handle, Exchange.onBody, context)
    ccurl_on_upload(handle, Exchange.onUpload, context)
    var fields: UnsafeMutablePointer<curl_slist>?
    for field in request.fields {
      guard let longer = curl_slist_append(fields, "\(field.name): \(field.value)") else {
        curl_slist_free_all(fields)
        throw .unreachable("libcurl has no memory")
      }
      fields = longer
    }
    ccurl_set_fields(handle, fields)
    return fields
  }

  /// Sets what all depends on.
  private func set(_ option: CURLoption, to value: String) throws(HTTPFailure) {
    let code = ccurl_set_string(handle, option, value)
    guard code == CURLE_OK else {
      throw .distrusted("libcurl: \(String(cString: curl_easy_strerror(code)))")
    }
  }

  private func trust() throws(HTTPFailure) {
    guard endpoint.trust != .plain else { return }
    ccurl_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_3))
    switch endpoint.trust {
    case .plain: break
    case .key(let digest):
      // Whatever the certificate says: the key is the one that is known.
      ccurl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 0)
      ccurl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 0)
      try set(CURLOPT_PINNEDPUBLICKEY, to: "sha256//\(digest)")
    case .authorities(let file?):
      guard ccurl_set_string(handle, CURLOPT_CAINFO, file.cString) == CURLE_OK else {
        throw .distrusted("libcurl takes no file of authorities")
      }
      // Those of the system are not trusted besides.
      ccurl_set_string(handle, CURLOPT_CAPATH, nil)
    case .authorities(nil): break
    }
  }

  /// CURLOPT_SOCKOPTFUNCTION(3).
  private static let onSocket: curl_sockopt_callback = { context, socket, _ in
    // Safety: the handle that calls is this object's.
    guard let context else { return CURL_SOCKOPT_ERROR }
    Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().socket = socket
    return CURL_SOCKOPT_OK
  }

  private func method(of request: HTTPRequest) {
    switch request.method {
    case .get: break
    case .head: ccurl_set_long(handle, CURLOPT_NOBODY, 1)
    case .post:
      ccurl_set_long(handle, CURLOPT_POST, 1)
      ccurl_set_size(
        handle, CURLOPT_POSTFIELDSIZE_LARGE, Int(clamping: request.body?.sizeBytes ?? 0))
      if request.body == nil { ccurl_set_string(handle, CURLOPT_COPYPOSTFIELDS, "") }
    case .patch, .delete:
      ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
      guard let body = request.body else { break }
      ccurl_set_long(handle, CURLOPT_UPLOAD, 1)
      ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, Int(clamping: body.sizeBytes))
    }
  }

  // MARK: Waiting

  private func run(_ request: HTTPRequest, _ exchange: Exchange) throws(HTTPFailure) {
    guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
      throw .unreachable("libcurl has no memory")
    }
    defer { curl_multi_remove_handle(multi, handle) }
    var (passed, time) = (exchange.passedBytes, MonotonicTime.now)
    var isClosed = false
    while true {
      var running: CInt = 0
      let code = curl_multi_perform(multi, &running)
      if isCancelled.load(ordering: .relaxed) { throw .cancelled }
      guard code == CURLM_OK else { throw .lost(String(cString: curl_multi_strerror(code))) }
      if running == 0 { break }
      // The library goes on sending to a server that has ended its side, which may never take it. Seen twice: what was said
      // before the end has been read in between.
      let wasClosed = isClosed
      isClosed = hasServerClosed
      if wasClosed, isClosed { throw .lost("the server has closed the connection") }
      let now = MonotonicTime.now
      let patience = exchange.hasSentBody ? request.answerPatience : request.patience
      if now - time >= patience {
        let least = UInt64(patience.components.seconds) * Self.leastBytesPerSecond
        guard exchange.passedBytes - passed >= least else {
          let seconds = patience.components.seconds
          throw .lost("the server has done next to nothing about it for \(seconds) s")
        }
        (passed, time) = (exchange.passedBytes, now)
      }
      let wait = CInt(Self.interval / .milliseconds(1))
      guard curl_multi_poll(multi, nil, 0, wait, nil) == CURLM_OK else {
        throw .lost("libcurl can't wait")
      }
    }
    try check(exchange)
  }

  /// Whether the server has ended its side without an answer: what tells to go on with the body (100) is none.
  private var hasServerClosed: Bool {
    guard let socket, ccurl_status(handle) < 200 else { return false }
    return TCPTransport.waitUntilEnded(socket, for: .zero)
  }

  private func check(_ exchange: Exchange) throws(HTTPFailure) {
    var left: CInt = 0
    guard let message = curl_multi_info_read(multi, &left), message.pointee.msg == CURLMSG_DONE
    else { throw .lost("libcurl has lost it") }
    let code = message.pointee.data.result
    if exchange.reply.isCutOff { return }
    if exchange.isEnded { throw .cancelled }
    let reason = String(cString: curl_easy_strerror(code))
    switch code {
    case CURLE_OK: break
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: throw .unreachable(reason)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
      CURLE_SSL_CACERT_BADFILE:
      throw .distrusted(reason)
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_SSL_CONNECT_ERROR:
      throw .notHTTP(reason)
    default: throw .lost(reason)
    }
  }
}

/// One request and its answer, as the library's callbacks see them.
///
/// Thread: the one that performs.
private final class Exchange {
  var reply = HTTPReply()
  /// How many bytes of bodies have passed, in both directions. Heads are no progress: there may be any number of those that
  /// only tell to wait.
  private(set) var passedBytes: UInt64 = 0
  /// The request's body could not be read.
  private(set) var isEnded = false

  private let handle: UnsafeMutableRawPointer
  private let body: HTTPRequest.Body?
  private let receive: (HTTPReply, Span<UInt8>) -> Bool
  private var sentBytes: UInt64 = 0

  init(
    _ handle: UnsafeMutableRawPointer, _ body: HTTPRequest.Body?,
    _ receive: @escaping (HTTPReply, Span<UInt8>) -> Bool
  ) {
    (self.handle, self.body, self.receive) = (handle, body, receive)
  }

  var hasSentBody: Bool { sentBytes == body?.sizeBytes ?? 0 }

  // Safety: the context is the exchange that `perform` holds until the request is over, and the bytes stay valid for the
  // call (CURLOPT_WRITEFUNCTION(3), CURLOPT_HEADERFUNCTION(3), CURLOPT_READFUNCTION(3)).

  static let onHead: curl_write_callback = { bytes, _, count, context in
    guard let bytes, let context else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: count)
    Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue().takeHead(line)
    return count
  }

  static let onBody: curl_write_callback = { bytes, _, count, context in
    guard let bytes, let context else { return 0 }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    return exchange.takeBody(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
  }

  static let onUpload: curl_read_callback = { bytes, _, count, context in
    guard let bytes, let context else { return Int(CURL_READFUNC_ABORT) }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    let space = UnsafeMutableRawBufferPointer(start: bytes, count: count)
    return exchange.giveBody(space) ?? Int(CURL_READFUNC_ABORT)
  }

  private func takeHead(_ line: UnsafeRawBufferPointer) {
    let text = String(decoding: line.prefix(HTTPClient.mostFieldBytes), as: UTF8.self)
    guard let colon = text.firstIndex(of: ":"), !text.hasPrefix("HTTP/") else {
      // The head of another answer begins: one to `Expect` may come before.
      if text.hasPrefix("HTTP/") { reply = HTTPReply() }
      return
    }
    guard reply.fieldCount < HTTPClient.mostFields else { return }
    let value = text[colon...].dropFirst().drop { $0 == " " || $0 == "\t" }
    reply[text[..<colon].lowercased()] = String(
      value.reversed().drop { $0.isWhitespace }.reversed())
  }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    passedBytes += UInt64(bytes.count)
    if reply.status == 0 { reply.status = ccurl_status(handle) }
    reply.isCutOff = !receive(reply, bytes.bindMemory(to: UInt8.self).span)
    return !reply.isCutOff
  }

  private func giveBody(_ space: UnsafeMutableRawBufferPointer) -> Int? {
    guard let body, sentBytes < body.sizeBytes else { return 0 }
    let count = Int(min(UInt64(space.count), body.sizeBytes - sentBytes))
    guard body.read(UnsafeMutableRawBufferPointer(rebasing: space[..<count]), sentBytes) else {
      isEnded = true
      return nil
    }
    passedBytes += UInt64(count)
    sentBytes += UInt64(count)
    return count
  }
}
