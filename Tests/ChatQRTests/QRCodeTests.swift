import ChatQR
import Foundation
import TestKit
import Testing

/// QR codes, read back by another program, or module by module.
@Suite("QRCode", .timeLimit(.minutes(1)))
struct QRCodeTests {
  private static let link = "https://[fd00:1234:5678:9abc::5]:55555/r/xehyBK"

  /// What a reader finds in a picture of dark and light modules, eight pixels each; `nil` where none is installed.
  private static func read(_ rows: [[Bool]]) throws -> String? {
    guard FileManager.default.fileExists(atPath: "/usr/bin/zbarimg") else {
      print("LEFT OUT: zbarimg reads no QR code here; `make test` installs zbar-tools")
      return nil
    }
    let folder = try TestFolder()
    let scale = 8
    let width = (rows.first?.count ?? 0) * scale
    var picture = Data("P5\n\(width) \(rows.count * scale)\n255\n".utf8)
    for row in rows {
      let line = row.flatMap { [UInt8](repeating: $0 ? 0 : 255, count: scale) }
      for _ in 0..<scale { picture += line }
    }
    try picture.write(to: URL(fileURLWithPath: "\(folder.path)/code.pgm"))
    let zbar = try Program("zbarimg", ["-q", "--raw", "\(folder.path)/code.pgm"])
    return try zbar.rest()
  }

  private static func rows(of code: QRCode) -> [[Bool]] {
    let range = -QRCode.quietZone..<(code.size + QRCode.quietZone)
    return range.map { row in range.map { code.isDark(row: row, column: $0) } }
  }

  @Test(
    "a reader finds the text", arguments: [link, "a", "https://box.local:55555/r/%23swift", "é€👩"])
  func modules(_ text: String) throws {
    let code = try #require(QRCode(text))
    #expect(code.size % 4 == 1 && code.size >= 21)
    guard let found = try Self.read(Self.rows(of: code)) else { return }
    #expect(found == text + "\n")
  }

  @Test("the longest text has a code, a longer one and an empty one have none")
  func bounds() throws {
    let text = String(repeating: "x", count: QRCode.longestText)
    let code = try #require(QRCode(text))
    if let found = try Self.read(Self.rows(of: code)) { #expect(found == text + "\n") }
    #expect(QRCode(text + "x") == nil)
    #expect(QRCode("") == nil)
    #expect(QRCode(String(repeating: "é", count: QRCode.longestText / 2 + 1)) == nil)
  }

  @Test("in a terminal it is black on white, with its border, two modules a cell")
  func terminal() throws {
    let code = try #require(QRCode(Self.link))
    let lines = TerminalQRCode.text(of: code).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.last == "")
    var rows: [[Bool]] = []
    for line in lines.dropLast() {
      #expect(line.hasPrefix("\u{1B}[38;5;16;48;5;231m") && line.hasSuffix("\u{1B}[0m"))
      let cells = line.dropFirst("\u{1B}[38;5;16;48;5;231m".count).dropLast("\u{1B}[0m".count)
      #expect(cells.count == TerminalQRCode.columns(of: code))
      #expect(cells.allSatisfy { "█▀▄ ".contains($0) })
      rows.append(cells.map { "█▀".contains($0) })
      rows.append(cells.map { "█▄".contains($0) })
    }
    // The rows are odd in number: the last cell has one more, which is light.
    #expect(rows.count == code.size + 2 * QRCode.quietZone + 1)
    #expect(Array(rows.dropLast()) == Self.rows(of: code))
    #expect(rows.last?.allSatisfy { !$0 } == true)
    if let found = try Self.read(rows) { #expect(found == Self.link + "\n") }
  }

  @Test("as a picture it has a path of rectangles that are the dark modules, and nothing else")
  func svg() throws {
    let code = try #require(QRCode(Self.link))
    let text = SVGQRCode.text(of: code)
    let side = code.size + 2 * QRCode.quietZone
    let match = try #require(
      text.wholeMatch(
        of:
          /<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 (\d+) \1" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h\1v\1H0z"\/><path d="([^"]*)"\/><\/svg>\n/
      ))
    #expect(match.1 == "\(side)")
    var rows = [[Bool]](repeating: [Bool](repeating: false, count: side), count: side)
    var rest = match.2
    while let rectangle = rest.prefixMatch(of: /M(\d+) (\d+)h(\d+)v1h-(\d+)z/) {
      let numbers = try [rectangle.1, rectangle.2, rectangle.3, rectangle.4].map {
        try #require(Int($0))
      }
      #expect(numbers[2] == numbers[3])
      for column in numbers[0]..<(numbers[0] + numbers[2]) {
        #expect(!rows[numbers[1]][column], "twice")
        rows[numbers[1]][column] = true
      }
      rest = rest[rectangle.range.upperBound...]
    }
    #expect(rest.isEmpty)
    #expect(rows == Self.rows(of: code))
  }
}
