internal import COpenSSL
internal import ChatSystem

/// The file into which the keys of all connections are written, so that Wireshark can read them: that of the environment
/// variable `SSLKEYLOGFILE` (draft-ietf-tls-keylogfile).
///
/// Thread: any.
package final class KeyLog: Sendable {
  /// The one of this process; `nil` where none is asked for, or it can't be written.
  private static let current = Guarded<KeyLog?>(nil)

  private let file: RegularFile
  /// How long the file is.
  private let end: Guarded<UInt64>

  private init(_ path: FilePath) throws(SystemError) {
    file = try RegularFile(toAppendPrivately: path)
    end = Guarded(try file.status().sizeBytes)
  }

  /// Writes the keys of all connections that are made from now on, if the environment asks for it.
  ///
  /// - Returns: what the operator has to be told; `nil` if nothing is written.
  package static func start(_ path: String?) -> String? {
    guard let path, !path.isEmpty else { return nil }
    do throws(SystemError) {
      let log = try KeyLog(FilePath(Array(path.utf8)))
      current.withLock { $0 = log }
      return "SSLKEYLOGFILE: whoever can read \(path) can read all that is said from now on"
    } catch {
      return "SSLKEYLOGFILE: \(path) can't be written: \(error.reason)"
    }
  }

  private func write(_ line: [UInt8]) {
    end.withLock { end in
      // What is missing there is missed by nobody but Wireshark.
      end += UInt64(file.write(line.span, at: end).count)
    }
  }

  /// Has the connections of a context write their keys.
  static func attach(to context: OpaquePointer) {
    guard current.withLock({ $0 != nil }) else { return }
    SSL_CTX_set_keylog_callback(context) { _, line in
      guard let line, let log = KeyLog.current.withLock({ $0 }) else { return }
      log.write(Array(String(cString: line).utf8) + [UInt8(ascii: "\n")])
    }
  }
}
