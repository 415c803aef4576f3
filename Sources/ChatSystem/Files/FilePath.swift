internal import Glibc

/// Where a file lies, as the system has it: bytes, which need not be text in any encoding (path_resolution(7)).
///
/// A path stays bytes from where it comes from to the system call. Only what is shown, or sent to
/// others, is made text.
package struct FilePath: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// Without the NUL that ends it for the system.
  package let bytes: [UInt8]

  /// Takes a path's bytes; what follows a NUL is none of it.
  package init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes.prefix { $0 != 0 }) }

  /// Takes a path that is text.
  package init(_ text: String) { self.init(text.utf8) }

  /// Takes a path that is known beforehand.
  package init(stringLiteral text: String) { self.init(text) }

  /// Whether there is nothing of it, which names no file.
  package var isEmpty: Bool { bytes.isEmpty }

  /// Whether it begins at the root.
  package var isAbsolute: Bool { bytes.first == UInt8(ascii: "/") }

  /// The path of something in this folder.
  ///
  /// - Parameter name: without a `/` at its beginning.
  package func appending(_ name: FilePath) -> FilePath {
    FilePath(bytes + (bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]) + name.bytes)
  }

  /// The path with something at its end, in the same component.
  package func withSuffix(_ suffix: String) -> FilePath { FilePath(bytes + Array(suffix.utf8)) }

  /// The same path in a form that no program takes for an option, a URI or anything else: one that does not
  /// begin at the root begins with `./`.
  package var explicit: FilePath {
    isAbsolute || isEmpty ? self : FilePath(Array("./".utf8) + bytes)
  }

  /// With a NUL at its end, as C has it.
  package var cString: [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

  /// The bytes as text; ill-formed UTF-8 becomes U+FFFD.
  package var decoded: String { String(decoding: bytes, as: UTF8.self) }

  /// The path for a person, on one line: ill-formed UTF-8 and invisible characters become U+FFFD.
  package var text: String {
    var scalars = String.UnicodeScalarView()
    for scalar in decoded.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: scalars.append("\u{FFFD}")
      // They turn the direction of what follows.
      case .format where scalar.properties.isBidiControl: scalars.append("\u{FFFD}")
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }

  /// For a person.
  package var description: String { text }
}
