internal import Glibc

/// A file descriptor with one owner, closed exactly once: when the owner ends.
package struct Descriptor: ~Copyable, Sendable {
  /// The number the system knows it by. Valid while the owner lives.
  package let number: CInt

  /// Takes over an open descriptor.
  package init(owning number: CInt) { self.number = number }

  // close(2): on Linux the descriptor is released even where EINTR is reported; never try again.
  deinit { _ = close(number) }
}
