internal import ChatSystem

/// The state of a terminal's screen, and what to write to change it. Pure, except for the clock.
struct ScreenState: Sendable {
  private static let pasteOn = "\u{1B}[?2004h"
  /// Ends a string that was cut off (ECMA-48, ST); without effect elsewhere.
  static let stringEnd = "\u{1B}\\"
  /// A screen of fewer rows shows no status.
  private static let leastRows = 3

  enum Phase: Sendable { case running, suspended, over }

  var phase = Phase.running
  var isDrawing = false
  /// What is being drawn is a picture, which may be cut off.
  var isPicture = false
  /// It is to be cut off.
  var isCut = false
  /// Something was not written completely.
  var wasCut = false
  /// A redraw was requested while another thread was drawing.
  var isRedrawDue = false
  var isPasteDue = false
  var isBellDue = false
  var editor = LineEditor()
  var completer: Completer
  /// Shown before the line; `nil` while no line is being read.
  var prompt: String?
  var status: String?
  /// When the status was drawn last.
  var statusTime = MonotonicTime(nanoseconds: 0)
  var isStatusDue = false
  var rows = BottomRows()
  var onReply: (@Sendable ([UInt8]) -> Void)?
  /// Until when the answer to a question may arrive; `nil` if there is no open question.
  var questionEnd: MonotonicTime?
  /// A thread reads what is typed, and the terminal's answers.
  var isReading = false
  /// There will be no further status.
  var isLast = false

  var isQuestionOpen: Bool { questionEnd.map { .now < $0 } ?? false }

  /// Lines for the terminal, with an LF at the end.
  static func lines(_ text: String) -> [UInt8] {
    var bytes = Array(text.utf8)
    if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    return bytes
  }

  /// The bytes that write something above the rows, and draw the rows.
  mutating func frame(around lines: [UInt8], columns: Int, rows height: Int) -> [UInt8] {
    let isRunning = phase == .running
    var start = wasCut ? Self.stringEnd : ""
    if isPasteDue, isRunning { start += Self.pasteOn }
    if isBellDue { start += "\u{7}" }
    (wasCut, isPasteDue, isBellDue, isRedrawDue) = (false, false, false, false)
    start += rows.erase(width: columns)
    if status != nil { (statusTime, isStatusDue) = (.now, false) }
    var drawn = ""
    if let prompt, isRunning {
      let row = InputRow(prompt: prompt, line: editor.line, width: columns)
      let status = height < Self.leastRows ? nil : status
      drawn = rows.draw(status: status, input: row, width: columns)
    } else if let status, phase == .over {
      let row = InputRow(status: status, width: columns)
      drawn = rows.draw(status: nil, input: row, width: columns)
    }
    return Array(start.utf8) + lines + Array(drawn.utf8)
  }
}
