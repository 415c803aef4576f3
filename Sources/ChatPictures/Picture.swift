package import ChatSystem

/// What a terminal is given for an image file.
package enum PictureDrawing: Equatable, Sendable {
  /// The picture: to be written to the terminal as it is, at the beginning of a line, and CR LF after
  /// it, since the cursor may stay beside its last row.
  case bytes([UInt8])
  /// What there is to say instead: `PNG image, 640 x 480`. Printable ASCII.
  case words(String)
}

/// Shows an image file in a terminal that can show it.
package enum Picture {
  /// Limit: bytes of a file that is shown; a larger one is told in words.
  package static let mostBytes = 16 * 1_024 * 1_024
  /// Limit: bytes that a terminal is sent, which shows nothing else meanwhile.
  package static let mostSentBytes = 1_024 * 1_024
  /// Limit: bytes of a file that is sent as it is: in base64, and with what is around it.
  package static let mostDirectBytes = mostSentBytes / 4 * 3 - 8_192
  /// The bytes a header is looked for in, before more are asked for.
  private static let headerBytes = 65_536

  /// What to give a terminal for a file.
  ///
  /// A way that takes the file as it is goes before one that needs the tool, if the file is small enough
  /// to be sent. A terminal that has answered, but has no graphics, gets coloured characters.
  ///
  /// Thread: any; it waits for the disk, and for the tool.
  /// - Parameters:
  ///   - path: where the file was just saved. A symbolic link is not followed.
  ///   - columns: the terminal's width.
  ///   - tool: draws what we can't encode, if it is installed.
  /// - Returns: `nil` if the file is no image, or can't be read (any more): there is nothing to show.
  package static func drawing(
    path: FilePath, capabilities: PictureCapabilities, columns: Int, tool: PictureTool?
  ) -> PictureDrawing? {
    do throws(SystemError) {
      let file = try PictureFile(path: path)
      let start = try file.read(at: 0, count: min(headerBytes, file.byteCount))
      // What can't be read is as good as missing: the header's size is then unknown.
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
