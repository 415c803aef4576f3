import Foundation
import TestKit
import Testing

/// What `make` does before anything is built, with a `swift` and an `apt-get` that only note how they were called.
@Suite("Make", .timeLimit(.minutes(1)))
struct MakeTests {
  /// The folder of `Package.swift`.
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  private let tools: TestFolder
  private var calls: String {
    (try? String(contentsOfFile: "\(tools.path)/calls", encoding: .utf8)) ?? ""
  }

  init() throws {
    tools = try TestFolder()
    try tool(
      "swift",
      "if [ \"$1\" = --version ]; then echo 'Swift version 6.3.1 (swift-6.3.1-RELEASE)'; fi")
    try tool("apt-get", "")
    try tool("id", "echo 0")
    try tool("sudo", "exit 1")
  }

  /// Puts a command in front of all others: it notes how it was called, then does this.
  private func tool(_ name: String, _ script: String) throws {
    let path = "\(tools.path)/\(name)"
    try "#!/bin/sh\necho \"\(name) $*\" >>'\(tools.path)/calls'\n\(script)\n"
      .write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  private func make(_ arguments: String...) throws -> (code: Int32, output: String, errors: String)
  {
    let path = "\(tools.path):/usr/bin:/bin"
    let program = try Program(
      "env",
      ["-u", "MAKEFLAGS", "PATH=\(path)", "make", "--no-print-directory", "-C", Self.root]
        + arguments)
    let output = try program.rest()
    return (try program.exitCode(), output, program.errors)
  }

  private let missing = [
    "BUILD_NEEDS=/nowhere/a.h:liba-dev /nowhere/b.h:libb-dev", "TEST_NEEDS=no-such-tool:a-tool",
  ]

  @Test("all packages that are missing are named in one line where they can't be installed")
  func named() throws {
    try tool("id", "echo 1000")
    let result = try make("test", missing[0], missing[1])
    #expect(result.code != 0)
    let lines = result.errors.split(separator: "\n").filter { $0.contains("apt-get install") }
    #expect(lines.count == 1)
    #expect(lines.first?.hasSuffix("sudo apt-get install liba-dev libb-dev a-tool") == true)
    #expect(!calls.contains("swift build") && !calls.contains("swift test"))
  }

  @Test("all packages that are missing are installed at once, and named")
  func installed() throws {
    let result = try make("test", missing[0], missing[1])
    let installs = calls.split(separator: "\n").filter { $0.contains(" install ") }
    #expect(installs.count == 1)
    #expect(installs.first?.hasSuffix("liba-dev libb-dev a-tool") == true)
    #expect(result.errors.contains("liba-dev libb-dev a-tool"))
  }

  @Test(
    "a Swift that is too old is named, and nothing is built",
    arguments: ["5.9.2", "6.2.4", "4.10"])
  func old(version: String) throws {
    try tool("swift", "echo 'Swift version \(version) (swift-\(version)-RELEASE)'")
    let result = try make("build")
    #expect(result.code != 0)
    #expect(result.errors.contains("Swift 6.3 or later is needed"))
    #expect(result.errors.contains(version))
    #expect(!calls.contains("swift build"))
  }

  @Test("a Swift that is new enough is taken", arguments: ["6.3", "6.10.1", "7.0"])
  func new(version: String) throws {
    try tool("swift", "if [ \"$1\" = --version ]; then echo 'Swift version \(version)-dev'; fi")
    #expect(try make("build").code == 0)
    #expect(calls.contains("swift build"))
  }

  @Test("a build says that it builds, where its output belongs")
  func says() throws {
    let result = try make("build")
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("Building"))
    #expect(!calls.contains("--quiet"))
  }

  @Test("a terminal makes no other build than a pipe, and tests have one of their own")
  func builtOnce() throws {
    for target in ["build", "bench", "test", "tsan", "fuzz", "lint"] {
      let builds = try make("--just-print", target).output.split(separator: "\n").filter {
        $0.contains("swift build") || $0.contains("swift test")
      }
      #expect(!builds.isEmpty, "\(target)")
      for build in builds { #expect(build.contains("--no-color-diagnostics"), "\(build)") }
      for build in builds where build.contains("swift test") {
        #expect(build.contains("--scratch-path"), "\(build)")
      }
    }
  }

  @Test("the documentation is served to this machine alone")
  func docsServe() throws {
    let result = try make("--just-print", "docs-serve", "DOCS_PORT=7001")
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("Open http://127.0.0.1:7001/documentation/chatcore/"))
    let server = result.output.split(separator: "\n").filter { $0.contains("http.server") }
    #expect(server.count == 1 && server[0].contains("7001 --bind 127.0.0.1"))
  }
}
