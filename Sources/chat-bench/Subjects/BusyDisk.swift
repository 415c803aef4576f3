import ChatSystem
import Foundation
import Synchronization

/// A process that keeps a disk busy: it writes 4 MB and has them written through (fdatasync(2)), again and again.
///
/// Owns: the process. It reads nothing, and ends when its standard input does: with this object, or with the benchmark,
/// however that ends.
final class BusyDisk {
  /// The flag that makes this program that process. Internal.
  static let flag = "--busy-disk"

  private static let pieceBytes = 4_000_000
  /// The file begins anew there.
  private static let fileBytes = 64 * pieceBytes

  /// The pieces that are on the disk. Thread: any.
  private final class Counter: Sendable {
    let pieces = Atomic<Int>(0)
  }

  private let child: Child
  private let counter = Counter()
  private let start = MonotonicTime.now

  /// Starts it.
  ///
  /// - Parameter folder: on the disk that is to be busy.
  init(_ folder: URL = FileManager.default.temporaryDirectory) throws {
    guard let program = RunningServer.path(of: "chat-bench") else {
      throw BenchError("chat-bench is not beside itself")
    }
    let first = AwaitedLine()
    child = try Child(
      program, [Self.flag, folder.path],
      onOutput: { [counter] in
        counter.pieces.add(1, ordering: .relaxed)
        first.note($0)
      })
    guard first.wait(.seconds(30)) != nil else { throw BenchError("the disk does not get busy") }
  }

  /// How many times a second it has waited for the disk.
  var syncsPerSecond: Double {
    Double(counter.pieces.load(ordering: .relaxed)) / ((MonotonicTime.now - start) / .seconds(1))
  }

  // MARK: The process

  /// Runs the process: a line on standard output for each piece.
  static func run(_ arguments: [String]) throws {
    guard arguments.count == 1 else { throw BenchError("\(flag) FOLDER") }
    // The file loses its name at once, so that it is gone with the process.
    var path = Array("\(arguments[0])/chat-bench-busy-XXXXXX".utf8CString)
    let file = mkstemp(&path)
    guard file >= 0 else { throw BenchError("cannot write into \(arguments[0])") }
    unlink(path)
    let piece = [UInt8](repeating: 0x5A, count: pieceBytes)
    var offset = 0
    while !inputHasEnded {
      guard pwrite(file, piece, piece.count, off_t(offset)) == piece.count, fdatasync(file) == 0
      else { throw BenchError("cannot write 4 MB: errno \(errno)") }
      StandardStream.output.writeIfPossible("written\n")
      offset += piece.count
      // As a file that grows, so that the file system has something to note too.
      if offset == fileBytes {
        guard ftruncate(file, 0) == 0 else { throw BenchError("cannot truncate") }
        offset = 0
      }
    }
  }

  private static var inputHasEnded: Bool {
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return poll(&input, 1, 0) != 0
  }
}
