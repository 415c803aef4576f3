import ChatSystem
import Foundation

/// A version 1 client that remembers every line of its room by its number, over as many connections as it
/// takes.
///
/// Thread: one at a time.
package final class Witness {
  /// What it knows of the room: each line once, by its number.
  package private(set) var lines: [UInt64: String] = [:]
  /// The number of the last line that it was shown in order.
  package private(set) var last: UInt64 = 0
  /// How it is called on the present connection.
  package private(set) var nickname = ""

  private let room: String
  private let server: TestServer
  private var socket: TestSocket?
  /// Its own join, which comes before what it missed.
  private var ownJoin: (sequence: UInt64, line: String)?

  /// Makes one that has seen nothing.
  package init(_ server: TestServer, room: String = "lobby") {
    self.room = room
    self.server = server
  }

  /// Connects, and asks for what it has missed.
  ///
  /// - Parameter fromStart: asks for everything if it has seen nothing.
  package func connect(as nickname: String, fromStart: Bool = false) throws {
    self.nickname = nickname
    let socket = try TestSocket(server)
    self.socket = socket
    let since = last > 0 || fromStart ? "\tsince=\(last)" : ""
    try socket.send("[HELLO]:1\n[ROOM]:\(room)\(since)\n\(nickname)\n")
    ownJoin = (0, "")
    while let line = try socket.line() {
      if line == "Connected to server!" { break }
      if line == "\(nickname) joined!" {
        ownJoin?.line = line
      } else if line.hasPrefix("[WELCOME]:1\t") {
        ownJoin?.sequence = try Self.number("seq", in: line)
      } else if line != "NICK" {
        throw Failure("'\(line)' in the handshake")
      }
    }
    if since.isEmpty { try takeOwnJoin() }
  }

  /// Takes the next line.
  ///
  /// - Returns: it, if it is one of the room; `nil` if it is not.
  /// - Throws: `Failure` if it is not the one that comes next, or the connection has ended.
  @discardableResult
  package func receive(within seconds: Double = 20) throws -> String? {
    guard let line = try socket?.line(within: seconds) else { throw Failure("the end") }
    guard line.hasPrefix("[") else {
      try take(line, last + 1)
      return line
    }
    guard line.hasPrefix("[PAST]:") else { return nil }
    if line.hasSuffix("\tend=1") {
      try takeOwnJoin()
      return nil
    }
    let fields = line.split(separator: "\t")
    let text = String(fields[0].dropFirst("[PAST]:".count))
    try take(text, try Self.number("seq", in: line))
    return text
  }

  /// Takes all that it has missed, up to its own join.
  package func catchUp() throws { while ownJoin != nil { try receive() } }

  /// Says something.
  package func say(_ text: String) throws { try socket?.send("\(text)\n") }

  /// Ends the connection without a word.
  package func cut() { socket = nil }

  private func takeOwnJoin() throws {
    guard let join = ownJoin else { return }
    ownJoin = nil
    if last == 0, lines.isEmpty { last = join.sequence - 1 }
    try take(join.line, join.sequence)
  }

  private func take(_ line: String, _ sequence: UInt64) throws {
    guard sequence == last + 1 else {
      throw Failure("line \(sequence), '\(line)', came after line \(last)")
    }
    lines[sequence] = line
    last = sequence
  }

  private static func number(_ key: String, in line: String) throws -> UInt64 {
    let field = line.split(separator: "\t").first { $0.hasPrefix("\(key)=") }
    guard let number = field.flatMap({ UInt64($0.dropFirst(key.count + 1)) }) else {
      throw Failure("no \(key)= in '\(line)'")
    }
    return number
  }
}
