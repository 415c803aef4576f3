internal import ChatHTTP
internal import ChatTLS

/// The authority that vouches for the server, for those who are to trust it: `/ca.crt`, and how to do it, `/ca`.
///
/// Both are open: they have to be read before anything is trusted.
///
/// Thread: any.
struct AuthorityRoutes {
  private static let policy: ResponseHead.Value =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  private let server: ServerContext

  init(_ server: ServerContext) { self.server = server }

  /// The authority's certificate, which phones and Firefox offer to install: not as an attachment, which they would save.
  func certificate() -> HTTPAnswer {
    guard let authority = server.identity.authority else { return Self.none }
    var answer = HTTPAnswer(.ok, "application/x-x509-ca-cert", bytes: authority.encoded)
    answer.head[.cacheControl] = "no-cache"
    return answer
  }

  /// The page that says how to trust it, in the request's language.
  func page(_ head: RequestHead) -> HTTPAnswer {
    guard let authority = server.identity.authority else { return Self.none }
    let language = PageLanguage(head)
    let text = AuthorityPage.text(
      in: language, fingerprint: authority.fingerprint, names: authority.names)
    var answer = HTTPAnswer(.ok, "text/html; charset=utf-8", text)
    answer.head[.contentLanguage] = ResponseHead.Value(language.rawValue)
    answer.head[.vary] = "Accept-Language"
    answer.head[.cacheControl] = "no-cache"
    answer.head[.contentSecurityPolicy] = Self.policy
    return answer
  }

  private static var none: HTTPAnswer {
    .refusal(
      .notFound, "the certificate is the operator's own (--tls-cert): who signed it vouches for it")
  }
}
