internal import ChatCore

/// The answer to `/files`: a row for each file, no wider than a terminal. Pure.
package enum FileTable {
  /// A row's width: 80 columns with what stands before it.
  private static let width = 78
  private static let gap = "  "
  private static let widestID = 12
  private static let widestSender = 16
  private static let widestTime = 16
  /// An id is cut so that it can be typed, but not shorter than this.
  package static let shortestID = 4

  /// The columns: id, size, name, sender, time.
  static func rows(_ files: [TransferNotice.Listed], localTime: (String) -> String) -> [String] {
    let length = idLength(files.map(\.offer.id))
    let cells = files.map { file in
      [
        String(file.offer.id.prefix(length)).cut(toColumns: widestID),
        ByteCount.text(file.offer.sizeBytes), FileName(from: file.offer.name).text,
        file.offer.sender.cutInMiddle(toColumns: widestSender),
        localTime(file.time).cut(toColumns: widestTime),
      ]
    }
    var widths = (0..<5).map { column in cells.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    let others = widths[0] + widths[1] + widths[3] + widths[4] + 4 * gap.count
    widths[2] = min(widths[2], width - others)
    return cells.map { cells in
      [
        cells[0].padded(toColumns: widths[0]),
        cells[1].padded(toColumns: widths[1], isBefore: true),
        cells[2].cutInMiddle(toColumns: widths[2]).padded(toColumns: widths[2]),
        cells[3].padded(toColumns: widths[3]), cells[4],
      ].joined(separator: gap)
    }
  }

  /// How much of the ids tells them apart.
  private static func idLength(_ ids: [String]) -> Int {
    (shortestID..<widestID).first { length in
      Set(ids.map { $0.prefix(length) }).count == Set(ids).count
    } ?? widestID
  }
}
