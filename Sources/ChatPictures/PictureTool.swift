package import ChatSystem

/// chafa, if it is installed: it draws what this program cannot encode itself.
///
/// https://hpjansson.org/chafa/man/, version 1.12 or later.
package struct PictureTool: Equatable, Sendable {
  /// An output format, by chafa's name for it.
  package enum Format: String, Sendable {
    /// kitty's graphics protocol.
    case kitty
    /// Sixels.
    case sixels
    /// Coloured characters, for a terminal that has no graphics.
    case symbols

    /// The format for a terminal's way of showing pictures, if there is one.
    init?(_ way: PictureCapabilities.Way) {
      switch way {
      case .kitty: self = .kitty
      case .sixel: self = .sixels
      case .iterm2, .none: return nil
      }
    }
  }

  /// Limit: bytes of a drawing.
  package static let mostBytes = Picture.mostSentBytes

  /// Limit: pixels requested in kitty's protocol: four bytes each in base64, and control sequences.
  /// Terminals with larger cells than usual get a coarser picture, which they may scale up to the space.
  static let mostPixels = mostBytes / 64 * 11

  /// Limit: bytes of its address space: twice what the largest picture takes when decoded, and more.
  private static let memoryBytes = 2 << 30

  /// Its environment: nothing that reveals ours, or could change what it does.
  private static let environment: [FilePath] = [
    "PATH=/usr/local/bin:/usr/bin:/bin", "TERM=xterm-256color", "LC_ALL=C.UTF-8",
  ]

  /// Its absolute path.
  package let path: FilePath
  /// Limit: how long a drawing may take.
  package let patience: Duration

  /// Finds the tool in a list of folders, such as PATH. Relative folders are ignored: the result must not depend on the
  /// current folder.
  ///
  /// - Parameters:
  ///   - searchPath: the folders, with colons between.
  ///   - patience: how long a drawing may take.
  /// - Returns: `nil` if it is not installed.
  package init?(searchPath: FilePath, patience: Duration = .seconds(5)) {
    let paths = searchPath.bytes.split(separator: UInt8(ascii: ":")).map { FilePath($0) }
      .filter(\.isAbsolute).map { $0.appending("chafa") }
    guard let path = paths.first(where: ChildProcess.canRun) else { return nil }
    self.path = path
    self.patience = patience
  }

  /// The tool in the folders of PATH; `nil` if it is not installed.
  package static var installed: PictureTool? {
    Process.path("PATH").flatMap { PictureTool(searchPath: $0) }
  }

  /// Draws an image file, scaled to a space.
  ///
  /// Thread: any; it waits for the tool.
  /// - Parameters:
  ///   - file: the file's path.
  ///   - picture: its size, to be scaled down only.
  /// - Returns: what to write to the terminal; `nil` if the tool failed, took too long or wrote too
  ///   much: there is nothing to do about any of it but to go without a picture.
  package func drawing(
    of file: FilePath, picture: PictureSize, format: Format, space: PictureSpace
  ) -> [UInt8]? {
    let asked = format == .kitty ? space.limited(toPixels: Self.mostPixels) : space
    let child = ChildProcess(
      path: path, arguments: Self.arguments(file, picture, format, asked),
      environment: Self.environment, outputLimit: Self.mostBytes, memoryLimit: Self.memoryBytes,
      deadline: .now + patience)
    guard let output = child.output() else { return nil }
    if format == .symbols {
      return PictureSymbols.picture(in: output, columns: space.columns, rows: space.rows)
    }
    return PictureToolOutput(format: format, space: space, fit: space.fit(picture))
      .pictures(in: output)
  }

  /// chafa's command line.
  ///
  /// As its output is no terminal it takes a cell for 8 by 8 pixels: that is how the picture's size,
  /// scaled down to the space, is told it; but characters are counted. Threads would take address space, of which it has little,
  /// and gain nothing.
  private static func arguments(
    _ file: FilePath, _ picture: PictureSize, _ format: Format, _ space: PictureSpace
  ) -> [FilePath] {
    let scaled = space.scaled(picture)
    let cell = format == .symbols ? space.cell : PictureSize(width: 8, height: 8)
    let columns = max(1, scaled.width / cell.width)
    let rows = max(1, scaled.height / cell.height)
    let ratio = format == .symbols ? "\(cell.width)/\(cell.height)" : "1/1"
    // More colours than that not every terminal knows.
    let colours = format == .symbols ? ["--colors", "256"] : []
    let options = [
      "--format", format.rawValue, "--size", "\(columns)x\(rows)", "--font-ratio", ratio,
      "--animate", "off", "--threads", "1",
    ]
    // No name can be taken for an option, or for standard input (-).
    return (options + colours + ["--"]).map { FilePath($0) } + [file.explicit]
  }
}
