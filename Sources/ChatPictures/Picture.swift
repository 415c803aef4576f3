package import ChatSystem

/// What to show for an image file.
package enum PictureDrawing: Equatable, Sendable {
  /// The picture's bytes, to be written at the beginning of a line, with CR LF after them: the cursor may stay beside the
  /// picture's last row.
  case bytes([UInt8])
  /// Words instead of it: `PNG image, 640 x 480`. Printable ASCII.
  case words(String)
}

/// Shows an image file in a terminal that can show it.
package enum Picture {
  /// Limit: bytes of a file that is shown as a picture.
  package static let mostBytes = 16 * 1_024 * 1_024
  /// Limit: bytes sent to a terminal, which shows nothing else meanwhile.
  package static let mostSentBytes = 1_024 * 1_024
  /// Limit: bytes of a file that is sent unconverted, in base64 and with control sequences around it.
  package static let mostDirectBytes = mostSentBytes / 4 * 3 - 8_192
  /// How many bytes of a file are read at first.
  private static let headerBytes = 65_536

  /// What to show for a file.
  ///
  /// A way that takes the file unconverted is preferred to one that needs the tool, if the file is small enough. A
  /// terminal that has answered, but has no graphics, gets coloured characters.
  ///
  /// Thread: any; it blocks on the disk and the tool.
  /// - Parameters:
  ///   - path: the file's. A symbolic link is not followed.
  ///   - columns: the terminal's width.
  ///   - tool: draws what this program cannot encode, if it is installed.
  /// - Returns: `nil` if the file is not an image, or cannot be read.
  package static func drawing(
    path: FilePath, capabilities: PictureCapabilities, columns: Int, tool: PictureTool?
  ) -> PictureDrawing? {
    do throws(SystemError) {
      let file = try PictureFile(path: path)
      let start = try file.read(at: 0, count: min(headerBytes, file.byteCount))
      // If it cannot be read, the size is unknown.
      let header = PictureHeader(start) { (try? file.read(at: $0, count: $1)) ?? [] }
      guard let header else { return nil }
      guard let size = header.showableSize, file.byteCount <= mostBytes else {
        return .words(header.words)
      }
      let space = PictureSpace(terminalColumns: columns, cell: capabilities.cell)
      let fit = space.fit(size)
      for way in capabilities.ways {
        switch way {
        case _ where file.byteCount > mostDirectBytes: continue
        case .kitty where header.kind == .png:
          return .bytes(PictureEncoder.kitty(png: try file.all(), fit: fit))
        case .iterm2:
          return .bytes(PictureEncoder.iterm2(file: try file.all(), fit: fit))
        default: continue
        }
      }
      let graphics = capabilities.ways.lazy.compactMap(PictureTool.Format.init).first
      let format = graphics ?? .symbols
      guard let tool, capabilities.isComplete || graphics != nil,
        let bytes = tool.drawing(of: path, picture: size, format: format, space: space)
      else { return .words(header.words) }
      return .bytes(bytes)
    } catch {
      return nil
    }
  }
}

/// An image file, open for reading: a regular file, no link, device or pipe.
private struct PictureFile {
  private let file: RegularFile

  /// Its size when it was opened.
  let byteCount: Int

  /// Opens a file, without blocking.
  ///
  /// - Throws: `SystemError`, ELOOP for a symbolic link, EINVAL or EISDIR for what is no regular file.
  init(path: FilePath) throws(SystemError) {
    file = try RegularFile(toRead: path, followsLinks: false)
    byteCount = Int(clamping: try file.status().sizeBytes)
  }

  /// Reads up to `count` bytes from an offset; fewer at the end.
  ///
  /// - Throws: `SystemError`.
  func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try file.read(into: &bytes, 0..<count, at: UInt64(clamping: offset))
    bytes.removeLast(count - read)
    return bytes
  }

  /// Reads all of it.
  ///
  /// - Throws: `SystemError`.
  func all() throws(SystemError) -> [UInt8] { try read(at: 0, count: byteCount) }
}
