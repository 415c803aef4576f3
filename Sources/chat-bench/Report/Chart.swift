import Foundation

/// Horizontal bars in groups, as self-contained SVG 1.1: dark text on a light background, for light and dark pages.
struct Chart {
  /// Bars under one title.
  struct Group {
    let title: String
    var bars: [Bar]
  }

  /// One bar.
  struct Bar {
    let name: String
    let value: Double
    let label: String
    let kind: Kind
  }

  /// The kind of a bar, and its colour.
  enum Kind: String {
    case own = "#c2410c"
    case other = "#64748b"
    case bound = "#cbd5e1"
  }

  let title: String
  let subtitle: String
  var groups: [Group] = []

  private static let width = 860
  private static let margin = 28
  private static let names = 190
  private static let labels = 92
  private static let barHeight = 18
  private static let barGap = 7
  private static let groupGap = 30
  private static let header = 84

  var svg: String {
    let heights = groups.map { 26 + $0.bars.count * (Self.barHeight + Self.barGap) + Self.groupGap }
    let height = Self.header + heights.reduce(0, +) + 8
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" \
      width="\(Self.width)" height="\(height)" role="img" \
      font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">
      <title>\(Self.escaped(title))</title>
      <rect width="\(Self.width)" height="\(height)" rx="10" fill="#fafaf9"/>
      \(Self.text(Self.margin, 40, 20, "#1c1917", title, weight: 600))
      \(Self.text(Self.margin, 63, 13, "#57534e", subtitle))

      """
    var y = Self.header
    for (group, height) in zip(groups, heights) {
      text += draw(group, from: y)
      y += height
    }
    return text + "</svg>\n"
  }

  private func draw(_ group: Group, from top: Int) -> String {
    let left = Self.margin + Self.names
    let space = Double(Self.width - left - Self.margin - Self.labels)
    let most = max(group.bars.map(\.value).filter(\.isFinite).max() ?? 0, 1e-9)
    var text = Self.text(Self.margin, top + 14, 15, "#1c1917", group.title, weight: 600) + "\n"
    var y = top + 26
    for bar in group.bars {
      let length = bar.value.isFinite ? max(1, Int(bar.value / most * space)) : 0
      let middle = y + Self.barHeight - 4
      let weight = bar.kind == .own ? 600 : 400
      text += """
        \(Self.text(left - 10, middle, 13, "#292524", bar.name, weight: weight, isAtEnd: true))
        <rect x="\(left)" y="\(y)" width="\(length)" height="\(Self.barHeight)" rx="3" \
        fill="\(bar.kind.rawValue)"/>
        \(Self.text(left + length + 8, middle, 13, "#292524", bar.label, weight: weight))

        """
      y += Self.barHeight + Self.barGap
    }
    return text
  }

  private static func text(
    _ x: Int, _ y: Int, _ size: Int, _ colour: String, _ text: String, weight: Int = 400,
    isAtEnd: Bool = false
  ) -> String {
    """
    <text x="\(x)" y="\(y)" font-size="\(size)" font-weight="\(weight)" fill="\(colour)"\
    \(isAtEnd ? " text-anchor=\"end\"" : "")>\(escaped(text))</text>
    """
  }

  private static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
  }
}
