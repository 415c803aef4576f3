import Foundation
import TestKit
import Testing

/// Names as a server may give them, and what is in the way of saving them.
@Suite("Names of files that come", .timeLimit(.minutes(1)))
struct FileNameClientTests {
  /// As bad as they come, and some of them the same.
  private static let names: [String] =
    [
      "", ".", "..", "/", "//", "../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini", "a/../../b",
      "x/", "~", "~root", "-rf", "--help", "$(id)", "`id`", "a;b", "a|b", "a\u{1B}[31mb", "\u{7}",
      "\u{202E}gnp.exe", "\u{200B}", "a\u{0}b", "NUL", "con", "photo.png", "photo.png", "PHOTO.PNG",
      "photo.png ", " photo.png", "photo (2).png", "received_photo.png", ".profile", ".bashrc",
      "é.png", "e\u{301}.png", "日本語.txt", "👩‍👩‍👧.jpg", "a  b", "a\u{A0}b", "\u{E000}", "\u{2028}x",
      String(repeating: "n", count: 300), String(repeating: "é", count: 200) + ".tar.gz",
      String(repeating: "👩‍👩‍👧", count: 40), String(repeating: ".", count: 100), "%00", "%2e%2e%2f",
    ] + (0..<52).map { $0 % 2 == 0 ? "same.txt" : "../same.txt" }

  @Test(
    "a hundred hostile and colliding names: all saved here, nothing elsewhere, nothing overwritten")
  func hostile() throws {
    #expect(Self.names.count == 100)
    let outer = try TestFolder()
    let inner = "\(outer.path)/downloads"
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
    let server = try FakeServer()
    let alice = try Program(
      "chat-client", ["--nick", "alice", "--downloads", inner, server.address])
    try server.play(ClientScript.firstEntry)
    for (number, name) in Self.names.enumerated() {
      let file = FileScript("id\(number)", name, size: 100, seed: UInt64(number))
      try file.transfer(by: server)
    }
    try ClientScript.finish(alice, server)
    #expect(outer.names == ["downloads"])
    let saved = try FileManager.default.contentsOfDirectory(atPath: inner)
    #expect(saved.count == 100)
    var contents: Set<Data> = []
    for name in saved {
      #expect(name.hasPrefix("received_") && name.utf8.count <= 255, "\(name)")
      let isPrintable = name.unicodeScalars.allSatisfy {
        ![.control, .lineSeparator, .paragraphSeparator, .privateUse]
          .contains($0.properties.generalCategory)
      }
      #expect(isPrintable, "\(name.debugDescription)")
      contents.insert(try Data(contentsOf: URL(fileURLWithPath: "\(inner)/\(name)")))
    }
    #expect(contents.count == 100)
  }

  @Test("links in the way are neither followed nor replaced")
  func links() throws {
    let outside = try TestFolder()
    let folder = try TestFolder()
    let photo = FileScript("id1", "photo.png", size: 100_000)
    let target = "\(outside.path)/target"
    try Data("mine".utf8).write(to: URL(fileURLWithPath: target))
    for name in ["received_photo.png", photo.part] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/\(name)", withDestinationPath: target)
    }
    // A dangling link is in the way as well.
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/received_photo (2).png", withDestinationPath: "\(outside.path)/new")
    let (server, _, alice) = try ClientScript.enterDownloading(to: folder)
    try photo.transfer(by: server)
    try ClientScript.finish(alice, server)
    #expect(alice.errors.contains("saved received_photo (3).png (100 kB)"))
    #expect(folder.bytes(of: "received_photo (3).png") == photo.bytes)
    #expect(outside.names == ["target"])
    #expect(outside.bytes(of: "target") == Array("mine".utf8))
  }
}
