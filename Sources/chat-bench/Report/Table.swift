/// Rows and columns as a Markdown table, aligned for a terminal.
struct Table {
  let title: String
  let columns: [String]
  private(set) var rows: [[String]] = []

  init(_ title: String, _ columns: [String]) {
    self.title = title
    self.columns = columns
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  var text: String {
    let all = [columns] + rows
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { index, cell in
        let space = String(repeating: " ", count: widths[index] - cell.count)
        return index == 0 ? cell + space : space + cell
      }
      return "| " + padded.joined(separator: " | ") + " |\n"
    }
    let rule =
      "|"
      + widths.enumerated().map { index, width in
        index == 0
          ? String(repeating: "-", count: width + 2)
          : String(repeating: "-", count: width + 1) + ":"
      }.joined(separator: "|") + "|\n"
    return "\n\(title)\n\n" + line(columns) + rule + rows.map(line).joined()
  }
}

/// Several runs of the same measurement: the median and the spread.
struct Runs {
  private let sorted: [Double]

  init(_ values: [Double]) { sorted = values.sorted() }

  var median: Double { sorted.isEmpty ? .nan : sorted[sorted.count / 2] }

  /// As text, with so many decimals: `7.31 (6.90–7.42)`.
  func text(_ digits: Int, scale: Double = 1) -> String {
    guard let first = sorted.first, let last = sorted.last else { return "–" }
    return "\(Self.fixed(median * scale, digits)) (\(Self.fixed(first * scale, digits))"
      + "–\(Self.fixed(last * scale, digits)))"
  }

  /// A number with two significant digits, or all digits before the point.
  static func figures(_ value: Double) -> String {
    fixed(value, value >= 10 ? 1 : value >= 0.1 ? 2 : 3)
  }

  /// A number with so many decimals.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "–" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((abs(value) * Double(scale)).rounded())
    let whole = "\(value < 0 ? "-" : "")\(rounded / scale)"
    guard digits > 0 else { return whole }
    let rest = String(rounded % scale)
    return whole + "." + String(repeating: "0", count: digits - rest.count) + rest
  }
}
