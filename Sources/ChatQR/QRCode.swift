internal import CQRencode

/// A QR code (ISO/IEC 18004): a square of dark and light modules.
package struct QRCode: Sendable, Equatable {
  /// The longest text, in bytes: more than any link has, and few enough that a phone reads the code from a screen.
  package static let longestText = 1_024
  /// How wide the light border has to be, in modules: without it, many readers find nothing.
  package static let quietZone = 4

  /// How many modules a side has, without the border.
  package let size: Int
  /// Row by row, from the top left.
  private let modules: [Bool]

  /// Makes the code of a text, the smallest that has 15 % of it to spare (level M).
  ///
  /// Thread: any (libqrencode is built with locks).
  /// - Returns: `nil` if the text is empty or too long, or there is no memory for it.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard 1...Self.longestText ~= bytes.count,
      let code = QRcode_encodeData(CInt(bytes.count), bytes, 0, QR_ECLEVEL_M)
    else { return nil }
    defer { QRcode_free(code) }
    size = Int(code.pointee.width)
    // Safety: a code has width² bytes (qrencode.h), which live until QRcode_free.
    let data = UnsafeBufferPointer(start: code.pointee.data, count: size * size)
    modules = data.map { $0 & 1 == 1 }
  }

  /// Whether a module is dark. Whatever lies outside is light, as the border is.
  package func isDark(row: Int, column: Int) -> Bool {
    0..<size ~= row && 0..<size ~= column && modules[row * size + column]
  }
}
