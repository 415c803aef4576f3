internal import ChatPictures

/// Image files, and what a tool has drawn. The input is a byte of choices, the columns, the cell's width and height,
/// where the file's beginning ends, and the file; or what the tool has written.
enum PicturesTarget {
  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let choices = reader.byte()
    let columns =
      choices & 1 == 0 ? Int(reader.byte()) : Int(Int16(truncatingIfNeeded: reader.number()))
    let cell = PictureSize(width: Int(reader.byte()) * 2 + 1, height: Int(reader.byte()) * 2 + 1)
    let isCellKnown = choices & 2 != 0 && cell.width <= PictureCapabilities.largestCell
    let space = PictureSpace(terminalColumns: columns, cell: isCellKnown ? cell : nil)
    let start = Int(reader.byte())
    let file = Array(reader.rest)
    read(file, start: start, space)
    for format in [PictureTool.Format.kitty, .sixels] {
      let fits = [PictureSpace.Fit.natural, .columns(space.columns), .rows(space.rows)]
      let tool = PictureToolOutput(
        format: format, space: space, fit: fits[Int(choices >> 2) % fits.count])
      if let pictures = tool.pictures(in: file) { check(pictures) }
    }
    let symbols = PictureSymbols.picture(in: file, columns: space.columns, rows: space.rows)
    if let symbols { check(symbols) }
  }

  private static func read(_ file: [UInt8], start: Int, _ space: PictureSpace) {
    let whole = PictureHeader(file)
    var reads = 0
    let inParts = PictureHeader(Array(file.prefix(max(32, start)))) { offset, count in
      reads += 1
      demand(offset >= 0 && count <= 8, "\(count) bytes from \(offset)")
      return Array(file.dropFirst(offset).prefix(count))
    }
    demand(reads < 200, "\(reads) reads")
    demand(whole == inParts, "\(String(describing: whole)), \(String(describing: inParts))")
    guard let header = whole else { return }
    demand(header.words.utf8.allSatisfy { 0x20...0x7E ~= $0 }, header.words)
    guard let size = header.showableSize else { return }
    let scaled = space.scaled(size)
    demand(
      1...space.pixels.width ~= scaled.width && 1...space.pixels.height ~= scaled.height,
      "\(size) becomes \(scaled) in \(space.pixels)")
    check(PictureEncoder.kitty(png: file, fit: space.fit(size)))
    check(PictureEncoder.iterm2(file: file, fit: space.fit(size)))
  }

  /// Whole sequences, printable characters and line ends.
  private static func check(_ output: [UInt8]) {
    var isAfterEscape = false
    for byte in output {
      switch byte {
      case 0x1B:
        demand(!isAfterEscape, "an ESC after another")
        isAfterEscape = true
        continue
      case 0x07, 0x0A, 0x20...0x7E, 0x80...0xFF: break
      default: demand(false, "a control character, \(byte)")
      }
      if isAfterEscape { demand("[]P_\\".utf8.contains(byte), "ESC \(byte)") }
      isAfterEscape = false
    }
    demand(!isAfterEscape, "an ESC at the end")
  }
}
