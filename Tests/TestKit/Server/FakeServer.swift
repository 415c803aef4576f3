import ChatSystem
import Dispatch

/// A server that does what a test wrote down, to one client after another.
///
///     accept
///     S> NICK
///     C< [HELLO]:1
///     S~ alice: hel
///     cut
///
/// `S> text` sends a line, `S~ text` a piece of one; `C< text` takes the client's next line, which has
/// to be this. ⇥ stands for a TAB. `accept` waits for a connection; `cut` ends it, and so does the next
/// `accept`; `C< (end)` takes the client's end. `stop` refuses connections from then on, and `listen`
/// takes them again.
///
/// `C< GET /files/id1` takes a request of HTTP, whichever connection it comes over; with `⇥from=5` one whose range begins
/// there. `H> 404 Not Found⇥text` answers the last one that was taken.
///
/// Thread: the test's; it waits for the client wherever the script does.
package final class FakeServer {
  private var listener: Listener
  private let port: UInt16
  private var stream: TCPTransport?
  /// The requests that have come, and that no script has taken.
  private var requests: [PlayedRequest] = []
  /// Where a connection may be one for a request.
  private var servesFiles = false
  private var lastRequest: PlayedRequest?
  private var received: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  /// Starts one on a free port of 127.0.0.1.
  package init() throws {
    listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    port = listener.address.port
  }

  /// `HOST:PORT`.
  package var address: String { "127.0.0.1:\(port)" }

  /// Plays a script from where the last one ended.
  package func play(_ script: String) throws {
    for (number, line) in script.split(separator: "\n").enumerated() {
      do { try play(line: String(line).replacing("⇥", with: "\t")) } catch {
        throw Failure("line \(number + 1), «\(line)»: \(error)")
      }
    }
  }

  private func play(line: String) throws {
    if line.hasPrefix("S> ") {
      try send(line.dropFirst(3) + "\n")
    } else if line.hasPrefix("S~ ") {
      try send(line.dropFirst(3))
    } else if line.hasPrefix("H> ") {
      let parts = line.dropFirst(3).split(separator: "\t", maxSplits: 1)
      try lastRequest?.answer(
        String(parts[0]), text: parts.count > 1 ? String(parts[1].replacing("⏎", with: "\n")) : "")
    } else if let method = ["GET", "HEAD", "POST", "PATCH", "DELETE"].first(where: {
      line.hasPrefix("C< \($0) ")
    }) {
      let words = line.dropFirst(3).split(separator: "\t")
      let start = words.count > 1 ? Int(words[1].dropFirst("from=".count)) : 0
      let request = try request(String(words[0]))
      guard method != "GET" || request.rangeStart == start else {
        throw Failure("the client wants it from \(request.rangeStart) on")
      }
    } else if line.hasPrefix("C< ") {
      let expected = line.dropFirst(3)
      let line = try self.line()
      guard line ?? "(end)" == expected else {
        throw Failure(line.map { "the client says '\($0)'" } ?? "the client has ended")
      }
    } else {
      switch line {
      case "accept": try accept()
      case "cut": cut()
      case "stop": listener.stop()
      case "listen": listener = try Listener(on: Address(host: "127.0.0.1", port: port))
      default: throw Failure("nobody knows how to do this")
      }
    }
  }

  /// Sends bytes.
  package func send(bytes: [UInt8]) throws {
    guard let stream else { throw Failure("nobody is connected") }
    try stream.sendAll(bytes)
  }

  private func accept() throws {
    cut()
    while true {
      let stream = try nextConnection()
      // A client that wants to talk waits for us.
      guard servesFiles, try stream.waitUntilReadable(for: .milliseconds(200)) else {
        self.stream = stream
        return
      }
      if let request = try? PlayedRequest(over: stream) { requests.append(request) }
    }
  }

  private func nextConnection() throws -> TCPTransport {
    let limit = DispatchWorkItem { [listener] in listener.stop() }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(60), execute: limit)
    defer { limit.cancel() }
    guard let accepted = try listener.accept() else { throw Failure("nobody connects") }
    return accepted.stream
  }

  /// Takes a request, such as `GET /files/id1`; of several the one that came first.
  @discardableResult
  package func request(_ line: String) throws -> PlayedRequest {
    servesFiles = true
    while true {
      if let index = requests.firstIndex(where: { $0.line == line }) {
        let request = requests.remove(at: index)
        lastRequest = request
        return request
      }
      guard requests.count < 8 else {
        throw Failure("the client asks \(requests.map(\.line)), not \(line)")
      }
      // One that ends before it is whole was given up.
      let connection = try nextConnection()
      if let request = try? PlayedRequest(over: connection) { requests.append(request) }
    }
  }

  /// The request that a script took last.
  package func takenRequest() throws -> PlayedRequest {
    guard let lastRequest else { throw Failure("no request has come") }
    return lastRequest
  }

  private func cut() {
    stream?.shutdownBoth()
    stream = nil
    received = []
  }

  private func send(_ text: some StringProtocol) throws {
    try send(bytes: Array(text.utf8))
  }

  /// The client's next line; `nil` at its end.
  package func line() throws -> String? {
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        defer { received.removeFirst(end + 1) }
        return String(decoding: received[..<end], as: UTF8.self)
      }
      guard try receiveMore() else { return nil }
    }
  }

  /// - Returns: false at the client's end.
  private func receiveMore() throws -> Bool {
    guard let stream else { throw Failure("nobody is connected") }
    guard try stream.waitUntilReadable(for: .seconds(20)) else {
      throw Failure("the client says nothing")
    }
    let count = try stream.receive(into: &buffer)
    received.append(contentsOf: buffer[..<count])
    return count > 0
  }
}
