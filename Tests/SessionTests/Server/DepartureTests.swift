import ChatSystem
import Foundation
import TestKit
import Testing

/// What is done for a connection ends with it.
@Suite("Work for those who left", .timeLimit(.minutes(3)))
struct DepartureTests {
  /// Closes a connection at once: what it has not read is lost, and its system says so (RST).
  private static func abort(_ socket: TestSocket) {
    // A linger time of none (socket(7)).
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      socket.stream.number, SOL_SOCKET, SO_LINGER, &linger,
      socklen_t(MemoryLayout<Glibc.linger>.size))
  }

  enum Ending: String, CaseIterable { case closed, aborted, halfClosed }

  @Test(
    "sums are not computed anew for who asks, whether it stays or goes", arguments: Ending.allCases)
  func sums(_ ending: Ending) throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 90_000_000))
    let (before, descriptors) = (server.processorSeconds, server.descriptors)
    for number in 0..<10 {
      let bob = try alice.another()
      for _ in 0..<38 { try bob.request("GET", "/files/\(id)/sums") }
      switch ending {
      case .closed: break
      case .aborted: Self.abort(bob)
      case .halfClosed:
        bob.stream.shutdownWriting()
        for _ in 0..<38 { #expect(try bob.reply().body.count == 86 * 65, "\(number)") }
      }
    }
    try eventually("all are gone") { server.descriptors <= descriptors }
    let used = server.processorSeconds - before
    print("\(ending): 380 requests for the sums of 90 MB cost \(used) s of the processor")
    #expect(used < 10)
  }

  @Test("who asks too much and goes is gone at once, not when its time would be over")
  func waitsForItsRate() throws {
    let server = try TestServer("--rate", "1")
    let alice = try server.joinSpeaking("alice")
    do {
      let bob = try server.joinSpeaking("bob")
      // That costs more than it has: it is read on in a minute.
      try bob.send("[PING]:x\n[NEWROOM]:\n")
      while let line = try bob.line(), line != "[PONG]:x" {}
      Self.abort(bob)
    }
    while let line = try alice.line(within: 20), line != "bob left!" {}
  }
}
