/// A line editor: takes a terminal's bytes, split in any way, and gives a line with a cursor, and events. Pure.
package struct LineEditor: Sendable {
  /// What the person at the terminal wants, or what the terminal says.
  package enum Event: Equatable, Sendable {
    /// Enter: this line.
    case line(String)
    /// Ctrl-D on an empty line.
    case end
    /// Ctrl-C on an empty line.
    case interrupt
    /// Tab.
    case complete
    /// Ctrl-L: draw it all again.
    case redraw
    /// Ctrl-Z.
    case suspend
    /// Something was not possible.
    case bell
    /// The terminal's answer to a question.
    case reply([UInt8])
  }

  /// Limit: bytes of a line; a server takes no longer one.
  package static let longestLine = 8_192

  /// The line as it is now.
  package private(set) var line = EditedLine()
  private var decoder = KeyDecoder()
  private var history = LineHistory()
  /// What was deleted last, for Ctrl-Y.
  private var yanked = ""
  private var isPasting = false
  private var isAfterReturn = false
  /// The bell has been rung because the line is full.
  private var hasRung = false
  /// Whether lines are added to the history.
  package var keepsHistory = true

  /// Makes an editor of an empty line.
  package init() {}

  /// Whether the terminal was asked something: only then can strings be answers.
  package var expectsReply: Bool {
    get { decoder.expectsReply }
    set { decoder.expectsReply = newValue }
  }

  /// How long to wait for the rest of a key before `giveUp`; `nil` if nothing is missing.
  package var patience: Duration? { decoder.patience }

  /// The rest of a key did not arrive: it was the ESC key alone.
  package mutating func giveUp() { decoder.giveUp() }

  /// Takes bytes up to the next event.
  ///
  /// - Parameter input: the bytes; those that were taken are removed.
  /// - Returns: `nil` once all are taken.
  package mutating func next(_ input: inout ArraySlice<UInt8>) -> Event? {
    while let byte = input.popFirst() {
      var keys: [Key] = []
      decoder.take(byte) { keys.append($0) }
      var event: Event?
      // One byte can be two keys: an incomplete character, which is no event, and the key after it.
      for key in keys { event = press(key) ?? event }
      if let event { return event }
    }
    return nil
  }

  /// Inserts a text at the cursor, as a completion does.
  ///
  /// - Parameter count: how many characters before the cursor it replaces.
  package mutating func insert(_ text: String, replacing count: Int = 0) {
    guard line.byteCount + text.utf8.count <= Self.longestLine else { return }
    for _ in 0..<count { line.deleteLeft() }
    line.insert(text)
  }

  private mutating func press(_ key: Key) -> Event? {
    let wasAfterReturn = isAfterReturn
    isAfterReturn = false
    if isPasting { return paste(key, wasAfterReturn) }
    switch key {
    case .character(let scalar): return insert(scalar)
    case .control(let code): return control(code)
    case .alt(let code): alt(code)
    case .up: return show(history.previous(from: line.text))
    case .down: return show(history.next())
    case .left: line.moveLeft()
    case .right: line.moveRight()
    case .wordLeft: line.moveWordLeft()
    case .wordRight: line.moveWordRight()
    case .home: line.moveToStart()
    case .end: line.moveToEnd()
    case .delete: line.deleteRight()
    case .pasteBegin: isPasting = true
    case .pasteEnd: break
    case .reply(let bytes): return .reply(bytes)
    }
    return nil
  }

  /// A pasted key is text, whatever its meaning as a key.
  private mutating func paste(_ key: Key, _ wasAfterReturn: Bool) -> Event? {
    switch key {
    case .character(let scalar): return insert(scalar)
    case .control(0x09): return insert("\t")
    case .control(0x0A) where wasAfterReturn: return nil
    case .control(0x0A), .control(0x0D):
      isAfterReturn = key == .control(0x0D)
      return enter()
    // Terminals do not paste it: the end of the paste was lost.
    case .control(0x03):
      isPasting = false
      return control(0x03)
    case .pasteEnd: isPasting = false
    default: break
    }
    return nil
  }

  private mutating func insert(_ scalar: Unicode.Scalar) -> Event? {
    guard line.byteCount + UTF8.width(scalar) <= Self.longestLine else {
      defer { hasRung = true }
      return hasRung ? nil : .bell
    }
    line.insert(scalar)
    return nil
  }

  private mutating func enter() -> Event {
    let text = line.text
    if keepsHistory { history.add(text) }
    clear()
    return .line(text)
  }

  private mutating func clear() {
    line = EditedLine()
    hasRung = false
  }

  private mutating func show(_ text: String?) -> Event? {
    guard let text else { return .bell }
    line = EditedLine(before: text)
    hasRung = false
    return nil
  }

  /// Does what the keys with Ctrl do, which are those of readline(3).
  private mutating func control(_ code: UInt8) -> Event? {
    hasRung = false
    switch code {
    case 0x01: line.moveToStart()  // A
    case 0x02: line.moveLeft()  // B
    case 0x03:  // C
      guard !line.isEmpty else { return .interrupt }
      history.leave()
      clear()
    case 0x04:  // D
      guard !line.isEmpty else { return .end }
      line.deleteRight()
    case 0x05: line.moveToEnd()  // E
    case 0x06: line.moveRight()  // F
    case 0x08, 0x7F: line.deleteLeft()  // H, Backspace
    case 0x09: return .complete  // Tab
    case 0x0A, 0x0D: return enter()  // J, Enter
    case 0x0B: keep(line.deleteToEnd())  // K
    case 0x0C: return .redraw  // L
    case 0x0E: return show(history.next())  // N
    case 0x10: return show(history.previous(from: line.text))  // P
    case 0x14: line.transpose()  // T
    case 0x15: keep(line.deleteToStart())  // U
    case 0x17: keep(line.deleteToSpace())  // W
    case 0x19:  // Y
      guard line.byteCount + yanked.utf8.count <= Self.longestLine else { return .bell }
      line.insert(yanked)
    case 0x1A: return .suspend  // Z
    default: break
    }
    return nil
  }

  private mutating func alt(_ code: UInt8) {
    switch Unicode.Scalar(code) {
    case "b", "B": line.moveWordLeft()
    case "f", "F": line.moveWordRight()
    case "d", "D": keep(line.deleteWordRight())
    case "\u{7F}": keep(line.deleteWordLeft())
    default: break
    }
  }

  private mutating func keep(_ deleted: String) { if !deleted.isEmpty { yanked = deleted } }
}
