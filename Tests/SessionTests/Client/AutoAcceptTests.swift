import Foundation
import TestKit
import Testing

/// What strangers send is fetched unasked only up to a sum.
@Suite("--auto-accept", .timeLimit(.minutes(1)))
struct AutoAcceptTests {
  @Test("ten times its size is fetched unasked; what comes then is offered")
  func sum() throws {
    let (server, folder, alice) = try ClientScript.enterDownloading("--auto-accept", "1k")
    for number in 0..<13 {
      let file = FileScript("id\(number)", "f\(number)", size: 900, seed: UInt64(number))
      try server.play(file.offer())
      // Eleven times 900 is the last that is no more than 10,000.
      guard number < 11 else { continue }
      try server.play(file.get())
      try file.deliver(by: server)
    }
    try ClientScript.finish(alice, server)
    #expect(folder.names.count == 11)
    for number in 11..<13 {
      #expect(
        alice.errors.contains(
          "chat-client: bob offers f\(number) (900 B): more than --auto-accept takes in an hour\n"))
    }
  }

  @Test("at a terminal they wait for /get")
  func terminal() throws {
    let (server, folder) = (try FakeServer(), try TestFolder())
    let alice = try Terminal(
      "chat-client",
      ["--nick", "alice", "--downloads", folder.path, "--auto-accept", "10", server.address])
    try server.play(ClientScript.firstEntry)
    for number in 0..<10 {
      let file = FileScript("id\(number)", "f\(number)", size: 10, seed: UInt64(number))
      try file.transfer(by: server)
    }
    let more = FileScript("more", "more", size: 10)
    try server.play(more.offer())
    try alice.see("* bob offers more (10 B): /get more")
    try alice.type("/get more\n")
    try server.play(more.get())
    try more.deliver(by: server)
    try alice.see("saved received_more")
  }
}
