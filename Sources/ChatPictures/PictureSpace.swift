/// A width and a height in pixels.
package struct PictureSize: Equatable, Sendable {
  /// Pixels from left to right.
  package let width: Int
  /// Pixels from top to bottom.
  package let height: Int

  /// Makes a size.
  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// The space that a picture may take among a terminal's lines.
package struct PictureSpace: Equatable, Sendable {
  /// The most columns of a picture.
  package static let mostColumns = 60
  /// The most rows of a picture: the lines before it stay visible.
  package static let mostRows = 15
  /// The size of a cell where the terminal does not tell.
  package static let commonCell = PictureSize(width: 8, height: 16)

  /// Columns it may take, from 1.
  package let columns: Int
  /// Rows it may take, from 1.
  package let rows = PictureSpace.mostRows
  /// A cell's size.
  package let cell: PictureSize

  /// Makes the space of a terminal.
  ///
  /// - Parameters:
  ///   - terminalColumns: the terminal's width, as it says itself.
  ///   - cell: one cell's size, if it is known.
  package init(terminalColumns: Int, cell: PictureSize?) {
    columns = min(max(terminalColumns, 1), Self.mostColumns)
    self.cell = cell ?? Self.commonCell
  }

  /// The space in pixels.
  package var pixels: PictureSize {
    PictureSize(width: columns * cell.width, height: rows * cell.height)
  }

  /// The same space with smaller cells, so that it has at most so many pixels.
  func limited(toPixels most: Int) -> PictureSpace {
    var small = cell
    while columns * rows * small.width * small.height > most,
      small != PictureSize(width: 1, height: 1)
    {
      small = PictureSize(width: max(1, small.width / 2), height: max(1, small.height / 2))
    }
    return PictureSpace(terminalColumns: columns, cell: small)
  }

  /// How a terminal that scales pictures itself is told to fit one in.
  ///
  /// One side is given, and the terminal derives the other from the proportions; so a picture of one pixel by a
  /// thousand does not become a thousand rows.
  package enum Fit: Equatable, Sendable {
    /// It fits as it is.
    case natural
    /// It has to be scaled down to a width.
    case columns(Int)
    /// It has to be scaled down to a height.
    case rows(Int)
  }

  /// How a picture fits in: it is scaled down or left alone, never scaled up.
  ///
  /// - Parameter picture: its size, each side from 1 to `PictureHeader.longestSide`.
  package func fit(_ picture: PictureSize) -> Fit {
    if picture.width <= pixels.width && picture.height <= pixels.height { return .natural }
    let isWide = picture.width * pixels.height >= picture.height * pixels.width
    return isWide ? .columns(columns) : .rows(rows)
  }

  /// A picture's size in pixels once it has been scaled down to fit, each side from 1.
  package func scaled(_ picture: PictureSize) -> PictureSize {
    switch fit(picture) {
    case .natural: picture
    case .columns:
      PictureSize(
        width: pixels.width, height: max(1, picture.height * pixels.width / picture.width))
    case .rows:
      PictureSize(
        width: max(1, picture.width * pixels.height / picture.height), height: pixels.height)
    }
  }
}
