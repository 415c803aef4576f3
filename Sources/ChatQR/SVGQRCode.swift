/// A QR code as a picture (SVG 1.1). Pure.
package enum SVGQRCode {
  /// The picture: black on white, a unit for each module, without a size of its own.
  package static func text(of code: QRCode) -> String {
    let side = code.size + 2 * QRCode.quietZone
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
      <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path d="\(path(of: code))"/></svg>

      """
  }

  /// A rectangle for each run of dark modules in a row.
  private static func path(of code: QRCode) -> String {
    var path = ""
    for row in 0..<code.size {
      var column = 0
      while column < code.size {
        let start = column
        while code.isDark(row: row, column: column) { column += 1 }
        let count = column - start
        if count > 0 {
          path +=
            "M\(start + QRCode.quietZone) \(row + QRCode.quietZone)h\(count)v1h-\(count)z"
        } else {
          column += 1
        }
      }
    }
    return path
  }
}
