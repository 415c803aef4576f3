/// The servers whose keys a person has trusted: the file `known_hosts`. Pure.
///
/// A line for each: `HOST:PORT SHA256:… TIME`, the host in lower case, an IPv6 address in brackets. Lines that begin with
/// `#` and empty ones say nothing. Of two lines for one server, the first counts.
package struct KnownHosts: Sendable {
  /// What is known of a server.
  package enum Finding: Sendable, Equatable {
    /// Nothing.
    case unknown
    /// This very key was trusted.
    case known
    /// Another key was trusted.
    case changed(from: String, line: Int)
  }

  private var entries: [String: (fingerprint: String, line: Int)] = [:]
  /// The numbers of lines that can't be read, which are ignored.
  package private(set) var damagedLines: [Int] = []

  /// Reads a file.
  ///
  /// - Parameter isFingerprint: whether a word is written as fingerprints are.
  package init(_ text: String, isFingerprint: (String) -> Bool) {
    // As Windows's editors write it, too: with a byte order mark, and CR LF, which Swift takes for one character.
    let lines = text.trimmingPrefix("\u{FEFF}").split(omittingEmptySubsequences: false) {
      $0 == "\n" || $0 == "\r\n"
    }
    for (index, line) in lines.enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace).map { String($0) }
      guard let host = words.first, !host.hasPrefix("#") else { continue }
      guard (2...3).contains(words.count), isFingerprint(words[1]), host.contains(":") else {
        damagedLines.append(index + 1)
        continue
      }
      let name = host.lowercased()
      if entries[name] == nil { entries[name] = (words[1], index + 1) }
    }
  }

  /// What is known of a server that has this key.
  ///
  /// - Parameter address: `HOST:PORT`.
  package func finding(for address: String, _ fingerprint: String) -> Finding {
    guard let entry = entries[address.lowercased()] else { return .unknown }
    return entry.fingerprint == fingerprint
      ? .known : .changed(from: entry.fingerprint, line: entry.line)
  }

  /// A line for a server, with its LF.
  ///
  /// - Parameter time: as RFC 3339 has it.
  package static func line(for address: String, _ fingerprint: String, time: String) -> String {
    "\(address.lowercased()) \(fingerprint) \(time)\n"
  }
}
