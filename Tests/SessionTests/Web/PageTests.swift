import Foundation
import TestKit
import Testing

/// The page in Chromium and Firefox, with chat-client and plain sockets beside it.
@Suite("The page", .timeLimit(.minutes(5)))
struct PageTests {
  @Test(
    "in Chromium and Firefox, with chat-client and nc: talk, files, a restart, strangers, keyboard, axe",
    .disabled(if: Environment.isSanitized, "the other WebSocket tests play with a sanitized server")
  )
  func page() throws {
    let folder = try TestFolder()
    let output = try WebScript.run(
      "page",
      [
        "--server", Program.path(of: "chat-server"), "--client", Program.path(of: "chat-client"),
        "--screenshots", folder.path,
      ], modules: ["websockets", "axe_playwright_python"], within: 280)
    guard let output, !output.contains("LEFT OUT: Chromium") else { return }
    #expect(output.contains(#/Page: \d+ passed, 0 failed/#))
    for name in ["desktop-dark", "desktop-light", "phone"] {
      #expect(FileManager.default.fileExists(atPath: "\(folder.path)/\(name).png"), "\(name)")
    }
  }
}
