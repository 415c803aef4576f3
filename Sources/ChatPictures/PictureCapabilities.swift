internal import ChatTerminal

/// What a terminal says of the pictures it can show. It is asked, and nothing is guessed.
///
/// The caller writes `question`, and passes what arrives to `note` until `isComplete` or a time limit: a terminal that
/// answers nothing can show nothing. Terminals without escape sequences, and Linux's own console, may print the
/// question: it must not be asked where TERM is `dumb` or `linux`.
package struct PictureCapabilities: Equatable, Sendable {
  /// A way of showing pictures.
  package enum Way: CaseIterable, Sendable {
    /// kitty's graphics protocol: PNG, or pixels.
    case kitty
    /// iTerm2's inline images: files as they are.
    case iterm2
    /// DEC's sixels: pixels of a palette.
    case sixel
    /// No way at all.
    case none
  }

  /// What to write to ask.
  ///
  /// 1. kitty's graphics: one pixel, to be checked but not kept.
  ///    https://sw.kovidgoyal.net/kitty/graphics-protocol/#querying-support-and-available-transmission-mediums
  /// 2. iTerm2's features. https://iterm2.com/feature-reporting/
  /// 3. The terminal's name and version, XTVERSION.
  /// 4. A cell's size in pixels, XTWINOPS 16.
  /// 5. The device attributes, DA1. Every terminal answers them, in order: an answer that has not arrived by then
  ///    never will.
  ///
  /// 3–5 are xterm's: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
  package static let question = Array(
    """
    \u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\\
    \u{1B}]1337;Capabilities\u{1B}\\\
    \u{1B}[>q\u{1B}[16t\u{1B}[c
    """.utf8)

  /// What to write below a multiplexer, which gives pictures another meaning: tmux takes an APC for a title. Only the
  /// cell's size and the device attributes.
  package static let plainQuestion = Array("\u{1B}[16t\u{1B}[c".utf8)

  /// What to ask a terminal.
  ///
  /// - Parameters:
  ///   - kind: the value of TERM.
  ///   - isMultiplexed: TMUX or STY is set, by tmux(1) or screen(1).
  package static func question(kind: String, isMultiplexed: Bool) -> [UInt8] {
    let isPlain = isMultiplexed || kind.hasPrefix("tmux") || kind.hasPrefix("screen")
    return isPlain ? plainQuestion : question
  }

  /// Limit: a cell's longer side; a larger one is ignored.
  package static let largestCell = 512

  /// Whether the last answer has arrived.
  package private(set) var isComplete = false
  /// A cell's size in pixels, if the terminal says.
  package private(set) var cell: PictureSize?

  private var answered: Set<Way> = []
  /// Whether it is iTerm2 itself, whose kitty graphics came late and with faults.
  private var prefersOwnWay = false
  private var replies = TerminalReplies()

  /// Makes capabilities of a terminal that has not answered yet.
  package init() {}

  /// Makes capabilities that are known otherwise.
  package init(ways: Set<Way>, cell: PictureSize? = nil) {
    answered = ways
    self.cell = cell
    isComplete = true
  }

  /// Takes what the terminal sent, split in any way. What is not an answer is ignored.
  package mutating func note(reply: [UInt8]) {
    for byte in reply {
      if let reply = replies.take(byte) { note(reply) }
    }
  }

  /// All ways the terminal has, the best one first; empty if it has none.
  package var ways: [Way] {
    let order: [Way] = prefersOwnWay ? [.iterm2, .kitty, .sixel] : [.kitty, .iterm2, .sixel]
    return order.filter(answered.contains)
  }

  /// The best way it has.
  package var way: Way { ways.first ?? .none }

  /// Whether the same is known, however the answers arrived.
  package static func == (one: Self, other: Self) -> Bool {
    one.isComplete == other.isComplete && one.cell == other.cell && one.ways == other.ways
  }

  private mutating func note(_ reply: TerminalReplies.Reply) {
    switch reply {
    case .application(let text): noteGraphics(text)
    case .system(let text): noteFeatures(text)
    case .device(let text): noteVersion(text)
    case .control(let text, UInt8(ascii: "t")): noteCell(text)
    case .control(let text, UInt8(ascii: "c")): noteAttributes(text)
    case .control: break
    }
  }

  /// `G i=31 ; OK`, or another message if it cannot.
  private mutating func noteGraphics(_ text: String) {
    let parts = text.split(separator: ";", maxSplits: 1)
    guard text.hasPrefix("G"), parts.count == 2, parts[1] == "OK",
      parts[0].dropFirst().split(separator: ",").contains("i=31")
    else { return }
    answered.insert(.kitty)
  }

  /// `1337 ; Capabilities = T3CwLrMSc7FSx`: each feature is a capital letter, the small ones after
  /// it and a number. `F` is for files, `Sx` for sixels.
  private mutating func noteFeatures(_ text: String) {
    let prefix = "1337;Capabilities="
    guard text.hasPrefix(prefix) else { return }
    var names: [String] = []
    for byte in text.utf8.dropFirst(prefix.utf8.count) {
      let letter = String(UnicodeScalar(byte))
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): names.append(letter)
      case UInt8(ascii: "a")...UInt8(ascii: "z"):
        if let last = names.popLast() { names.append(last + letter) }
      default: break
      }
    }
    if names.contains("F") { answered.insert(.iterm2) }
    if names.contains("Sx") { answered.insert(.sixel) }
  }

  /// `> | iTerm2 3.5.0`. Not every terminal that shows iTerm2's images reports its features.
  private mutating func noteVersion(_ text: String) {
    if text.hasPrefix(">|iTerm2 ") { prefersOwnWay = true }
    if text.hasPrefix(">|iTerm2 ") || text.hasPrefix(">|WezTerm ") { answered.insert(.iterm2) }
  }

  /// `6 ; HEIGHT ; WIDTH`.
  private mutating func noteCell(_ text: String) {
    let numbers = text.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let sides = 1...Self.largestCell
    guard numbers.count == 3, numbers[0] == 6, sides.contains(numbers[1]),
      sides.contains(numbers[2])
    else { return }
    cell = PictureSize(width: numbers[2], height: numbers[1])
  }

  /// `? CLASS ; ATTRIBUTE ; …`, where 4 is for sixels.
  private mutating func noteAttributes(_ text: String) {
    guard text.hasPrefix("?") else { return }
    isComplete = true
    let attributes = text.dropFirst().split(separator: ";", omittingEmptySubsequences: false)
    if attributes.dropFirst().contains("4") { answered.insert(.sixel) }
  }
}
