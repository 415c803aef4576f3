internal import ChatCrypto
internal import ChatSystem

extension RegularFile {
  /// How many bytes are read at once.
  private static var pieceBytes: UInt64 { 262_144 }

  /// Hands over the bytes of a range, a piece at a time.
  ///
  /// - Throws: `ShelfError`; EIO if the file ends before the range does.
  func eachPiece(
    _ range: Range<UInt64>, _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Void
  ) throws(ShelfError) {
    let space = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(min(Self.pieceBytes, UInt64(range.count))), alignment: 16)
    defer { space.deallocate() }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let wanted = Int(min(UInt64(space.count), range.upperBound - offset))
      let piece = UnsafeMutableRawBufferPointer(rebasing: space[..<wanted])
      do throws(SystemError) {
        guard try read(into: piece, at: offset) == wanted else {
          throw SystemError("pread", code: SystemError.inputOutput)
        }
      } catch {
        throw ShelfError(error)
      }
      do throws(CryptoError) { try body(UnsafeRawBufferPointer(piece)) } catch {
        throw .crypto(error)
      }
      offset += UInt64(wanted)
    }
  }
}
