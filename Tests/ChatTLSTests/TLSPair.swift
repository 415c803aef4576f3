import ChatSystem
import ChatTLS
import Foundation
import TestKit

/// Two ends of a connection over loopback.
struct SocketPair {
  let server: TCPTransport
  let client: TCPTransport

  init() throws {
    // OpenSSL writes with write(2), which has no other way to say that nobody reads.
    Process.ignoreBrokenPipes()
    let listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    client = try TCPTransport.connect(to: listener.address)
    guard let (accepted, _) = try listener.accept() else { throw Failure("nobody came") }
    server = accepted
  }
}

/// Two ends of a TLS connection.
struct TLSPair {
  static let identity = Result {
    try OwnCertificate(in: nil, names: ["localhost"], addresses: ["127.0.0.1"]).identity
  }

  let server: TLSTransport
  let client: TLSTransport
  let verdict: TLSTrust.Verdict

  init(_ identity: TLSIdentity? = nil, trust: TLSTrust? = nil, host: String = "127.0.0.1") throws {
    Process.ignoreBrokenPipes()
    let identity = try identity ?? Self.identity.get()
    let pair = try SocketPair()
    let accepted = Pending<TLSTransport>()
    Thread {
      accepted.finish(
        Result { try TLSTransport.accept(pair.server, as: identity, until: .now + .seconds(20)) })
    }.start()
    let trust = try trust ?? TLSTrust()
    (client, verdict) = try TLSTransport.connect(
      pair.client, to: host, trusting: trust, until: .now + .seconds(20))
    server = try accepted.wait()
  }
}

/// What another thread comes to.
final class Pending<Value: Sendable>: Sendable {
  private let result = Guarded<Result<Value, any Error>?>(nil)

  func finish(_ value: Result<Value, any Error>) {
    result.withLock { $0 = value }
    result.wake()
  }

  func wait() throws -> Value {
    guard let result = result.wait(until: .now + .seconds(60), for: { $0 }) else {
      throw Failure("it does not end")
    }
    return try result.get()
  }

  /// Starts a thread.
  static func start(_ body: @escaping @Sendable () throws -> Value) -> Pending {
    let pending = Pending()
    Thread { pending.finish(Result { try body() }) }.start()
    return pending
  }
}

extension TLSTransport {
  /// Receives so many bytes, or all until the end.
  func receiveAll(_ count: Int = .max) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 20_000)
    while bytes.count < count {
      let received = try receive(into: &buffer)
      if received == 0 { break }
      bytes += buffer.prefix(received)
    }
    return bytes
  }
}
