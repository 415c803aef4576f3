internal import ChatClientModel
internal import ChatCore
internal import ChatHTTPClient
internal import ChatSystem
internal import ChatTLS

/// Whether a connection is encrypted, and whose key is trusted: an authority's word, the fingerprint that was given, or,
/// as ssh(1) does, the key that a person has trusted before.
///
/// Thread: one at a time.
final class ServerTrust: @unchecked Sendable {
  // Safety: the main thread connects first, the receive thread after it has handed over.

  /// How long a handshake may take.
  private static let handshakeLimit: Duration = .seconds(10)
  /// A server that is greeted too late, because one of the two machines is busy, takes it for the talk; then the next
  /// connection is likely to be in time.
  private static let attempts = 3

  private let options: ClientOptions
  private let knownHosts: KnownHostsFile
  private var trust: TLSTrust?
  /// What was trusted in this run, by the server's address: the file may not be writable.
  private var trusted: [String: KeyFingerprint] = [:]

  init(_ options: ClientOptions, knownHosts: KnownHostsFile = KnownHostsFile()) {
    (self.options, self.knownHosts) = (options, knownHosts)
  }

  /// Whether a server is spoken to over TLS: all but those of this machine, unless the options say otherwise.
  func usesTLS(at address: Address) -> Bool {
    if options.isPlain { return false }
    return !address.isLoopback || options.fingerprint != nil || options.authorities != nil
  }

  /// Connects, over TLS where that is to be.
  ///
  /// - Parameters:
  ///   - ask: asks a person a question, to be answered with yes or no; `nil` where there is nobody to ask.
  ///   - warn: tells a person something.
  func connect(
    to address: Address, asking ask: ((String) -> Bool)?, warn: (String) -> Void
  ) throws(ConnectFailure) -> any ClientTransport {
    guard usesTLS(at: address) else { return try Self.socket(to: address) }
    let trust = try readTrust()
    var attempt = 1
    while true {
      let socket = try Self.socket(to: address)
      let (transport, verdict): (TLSTransport, TLSTrust.Verdict)
      do throws(TLSError) {
        (transport, verdict) = try TLSTransport.connect(
          socket, to: address.host, trusting: trust, until: .now + Self.handshakeLimit)
      } catch {
        if let refusal = Self.refusal(in: error.plainText) {
          throw .noTLS("\(address): \(refusal)")
        }
        attempt += 1
        guard attempt > Self.attempts || error.kind != .handshake else { continue }
        let advice = error.plainText.isEmpty ? "" : " (--plain goes on without TLS)"
        throw .noTLS("\(address): \(error)\(advice)")
      }
      try check(verdict, of: address, ask, warn)
      return transport
    }
  }

  /// Why a server lets nobody in, which it says before it knows what the client speaks.
  private static func refusal(in bytes: [UInt8]) -> String? {
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    guard case .control(.error(_, let reason)) = ServerLine(line.span) else { return nil }
    return reason
  }

  private static func socket(to address: Address) throws(ConnectFailure) -> TCPTransport {
    let socket: TCPTransport
    do throws(ConnectionError) {
      // What is on its way when one side is killed has to be sent again: it is not much.
      socket = try TCPTransport.connect(to: address, receiveBufferBytes: 196_608)
    } catch { throw .unreachable(error) }
    // A line does not wait behind megabytes of a file.
    socket.keepUnsentBytes(below: 131_072, patience: .zero)
    // A server that vanished without a word is found out in two minutes.
    socket.detectLoss(idle: 60, interval: 15)
    return socket
  }

  private func readTrust() throws(ConnectFailure) -> TLSTrust {
    if let trust { return trust }
    do throws(TLSError) {
      let read = try TLSTrust(authorities: options.authorities)
      trust = read
      return read
    } catch { throw .distrusted("--tls-ca: \(error)") }
  }

  /// Where files are to be had from a server that was connected to: with the same trust.
  func files(at address: Address) -> HTTPEndpoint {
    guard usesTLS(at: address) else { return HTTPEndpoint(address, trust: .plain) }
    if let key = options.fingerprint ?? trusted[address.description] {
      return HTTPEndpoint(address, trust: .key(key.base64))
    }
    return HTTPEndpoint(address, trust: .authorities(options.authorities))
  }

  // MARK: Whose key it is

  private func check(
    _ verdict: TLSTrust.Verdict, of address: Address, _ ask: ((String) -> Bool)?,
    _ warn: (String) -> Void
  ) throws(ConnectFailure) {
    let fingerprint = verdict.fingerprint
    if let wanted = options.fingerprint {
      guard wanted == fingerprint else {
        throw .distrusted("\(address) has the key \(fingerprint), not \(wanted)")
      }
      return
    }
    guard let doubt = verdict.doubt else { return }
    guard options.authorities == nil else {
      throw .distrusted("\(address): no authority of --tls-ca vouches for it: \(doubt)")
    }
    if let known = trusted[address.description] {
      guard known == fingerprint else {
        throw Self.changed(address, fingerprint, known.description)
      }
      return
    }
    try checkKnownHosts(fingerprint, of: address, ask, warn)
    trusted[address.description] = fingerprint
  }

  private func checkKnownHosts(
    _ fingerprint: KeyFingerprint, of address: Address, _ ask: ((String) -> Bool)?,
    _ warn: (String) -> Void
  ) throws(ConnectFailure) {
    let known: KnownHosts
    do throws(SystemError) { known = try knownHosts.read() } catch {
      throw .distrusted("\(knownHosts.name): \(error.reason)")
    }
    if let line = known.damagedLines.first {
      warn("\(knownHosts.name): line \(line) can't be read, and is ignored")
    }
    switch known.finding(for: address.description, fingerprint.description) {
    case .known: return
    case .changed(let old, let line):
      throw Self.changed(
        address, fingerprint, old,
        ": somebody may be listening in; if it has a new key, remove line \(line) of "
          + knownHosts.name)
    case .unknown:
      guard let ask else {
        throw .distrusted(
          "\(address) is not known, and its key can't be asked about here: if it is right, "
            + "--fingerprint \(fingerprint)")
      }
      warn("\(address) is not known yet; its key is \(fingerprint)")
      guard ask("Trust it? [yes/no] ") else {
        throw .distrusted("\(address) is not trusted")
      }
      let line = KnownHosts.line(
        for: address.description, fingerprint.description, time: WallClock.timestamp())
      do throws(SystemError) { try knownHosts.add(line) } catch {
        warn("\(knownHosts.name): \(error.reason): you will be asked again")
      }
    }
  }

  private static func changed(
    _ address: Address, _ fingerprint: KeyFingerprint, _ old: String, _ advice: String = ""
  ) -> ConnectFailure {
    .distrusted("\(address) has another key than before: \(fingerprint), not \(old)\(advice)")
  }
}

/// Why there is no connection.
enum ConnectFailure: Error {
  /// The server can't be reached.
  case unreachable(ConnectionError)
  /// It does not speak TLS, and the client does not speak without.
  case noTLS(String)
  /// Its key is not trusted.
  case distrusted(String)
}
