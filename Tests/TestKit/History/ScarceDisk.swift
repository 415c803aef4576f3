import Foundation

/// A server's data folder whose disk gets full, and has space again.
package final class ScarceDisk {
  /// How it gets full.
  package enum Kind: String, CaseIterable, Sendable {
    /// A small file system in memory, which needs the right to mount one: a file takes all that is left.
    case mounted
    /// No file of the server's can grow.
    case limited
  }

  /// Where the server's data is.
  package let folder: TestFolder

  private let kind: Kind
  private var filler: String { "\(folder.path)/filler" }

  /// Makes one of so many bytes.
  ///
  /// - Returns: `nil`, and says why, where nothing can be mounted.
  package init?(_ kind: Kind, bytes: Int) throws {
    self.kind = kind
    folder = try TestFolder()
    guard kind == .mounted else { return }
    let mount = try Program("mount", ["-t", "tmpfs", "-o", "size=\(bytes)", "none", folder.path])
    guard try mount.exitCode() == 0 else {
      print("Not run on a file system of its own: nothing can be mounted: \(mount.errors)")
      return nil
    }
  }

  deinit {
    // A server that still runs keeps what it has open.
    if kind == .mounted { _ = try? Program("umount", ["-l", folder.path]).exitCode() }
  }

  /// Nothing can be written any more that needs more space.
  package func fill(for server: TestServer) throws {
    guard kind == .mounted else { return try limitFiles(of: server, to: "1") }
    _ = FileManager.default.createFile(atPath: filler, contents: nil)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: filler))
    defer { try? file.close() }
    for size in [65_536, 4_096] {
      // The last write fails, as it should.
      let piece = Data(count: size)
      while (try? file.write(contentsOf: piece)) != nil {}
    }
  }

  /// There is space again.
  package func free(for server: TestServer) throws {
    guard kind == .mounted else { return try limitFiles(of: server, to: "unlimited") }
    try FileManager.default.removeItem(atPath: filler)
  }

  private func limitFiles(of server: TestServer, to size: String) throws {
    let program = try Program(
      "prlimit", ["--pid", "\(server.program.pid)", "--fsize=\(size):unlimited"])
    guard try program.exitCode() == 0 else { throw Failure("prlimit: \(program.errors)") }
  }
}
