internal import ChatCore
internal import ChatPictures
internal import ChatTerminal

/// The keys and answers of a terminal, and what is drawn. The input is the seed of the pieces, the width of the
/// screen, a byte of choices, what people are called, and what comes from the terminal.
enum TerminalTarget {
  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let seed = UInt64(reader.byte())
    let width = Int(reader.byte()) + (seed & 1 == 0 ? 0 : 256)
    let choices = reader.byte()
    let names = reader.bytes(upTo: 0)
    let bytes = Array(reader.rest)
    var whole = Screen(width: width, expectsReply: choices & 1 != 0)
    whole.note(names)
    whole.feed(bytes[...])
    var inPieces = Screen(width: width, expectsReply: choices & 1 != 0)
    inPieces.note(names)
    var pieces = Pieces(seed: seed)
    pieces.each(of: bytes) {
      inPieces.feed($0)
      inPieces.draw(status: choices & 2 == 0 ? nil : String(decoding: names, as: UTF8.self))
      // Somebody makes the window narrower, or wider.
      if choices & 4 != 0 { inPieces.width = ($0.count &* 37 &+ width) % 512 }
    }
    if choices & 8 == 0 {
      demand(whole.events == inPieces.events, "pieces make a difference")
      demand(whole.editor.line == inPieces.editor.line, "pieces make another line")
    }
    guard choices & 8 != 0 else { return }
    // The rest of a key does not come.
    var halting = Screen(width: width, expectsReply: choices & 1 != 0)
    halting.givesUp = true
    pieces.each(of: bytes) {
      halting.feed($0)
      halting.draw(status: nil)
    }
  }

  /// A screen without a terminal.
  private struct Screen {
    var width: Int
    var editor = LineEditor()
    var events: [LineEditor.Event] = []
    var givesUp = false
    private var drawings = 0
    private var completer: Completer
    private var rows = BottomRows()
    private var capabilities = PictureCapabilities()

    init(width: Int, expectsReply: Bool) {
      self.width = width
      let paths = PathCompletion(home: "/home/me") { folder in
        [.init("notes.txt"), .init("pictures", isFolder: true), .init("a b'c\"\\"), .init(folder)]
      }
      completer = Completer(commands: ["/help", "/send", "/search"], paths: paths)
      editor.expectsReply = expectsReply
    }

    mutating func note(_ names: [UInt8]) {
      // They come from the server's lines, which are cleaned.
      for name in TextCleaner.clean(names.span).split(separator: " ") {
        completer.note(name: String(name))
      }
    }

    mutating func feed(_ bytes: ArraySlice<UInt8>) {
      var rest = bytes
      while let event = editor.next(&rest) {
        events.append(event)
        switch event {
        case .complete: complete()
        case .reply(let bytes):
          capabilities.note(reply: bytes)
          _ = capabilities.ways
          if let cell = capabilities.cell {
            demand(cell.width > 0 && cell.height > 0, "a cell of \(cell)")
          }
        case .line(let text):
          demand(!text.unicodeScalars.contains("\n"), "a line with an LF")
          demand(text.utf8.count <= LineEditor.longestLine, "a line of \(text.utf8.count) bytes")
        default: break
        }
      }
      demand(rest.isEmpty, "\(rest.count) bytes are not taken")
      if givesUp, editor.patience != nil { editor.giveUp() }
      // Answers also come as they are, to one who reads them without an editor.
      capabilities.note(reply: Array(bytes))
    }

    private mutating func complete() {
      let completion = completer.complete(editor.line.before)
      if completion.isIdle {
        let rows = Completer.rows(completion.candidates, width: width)
        demand(completion.candidates.isEmpty == rows.isEmpty, "candidates that are not listed")
      } else {
        editor.insert(completion.insertion, replacing: completion.replacedCount)
      }
    }

    mutating func draw(status: String?) {
      // A long line takes its time.
      drawings += 1
      guard drawings <= 32 || drawings % 64 == 0 else { return }
      _ = rows.erase(width: width)
      let row = InputRow(prompt: "> ", line: editor.line, width: width)
      let shown = DisplayWidth.of(row.before) + DisplayWidth.of(row.after)
      demand(shown <= max(1, width - 1), "\(shown) columns of \(width)")
      demand(row.column <= shown, "the cursor is in column \(row.column) of \(shown)")
      let drawn = rows.draw(status: status, input: row, width: width)
      for scalar in drawn.unicodeScalars {
        demand(scalar == "\r" || scalar == "\n" || scalar.value >= 0x20, "a control character")
      }
      if let status { _ = InputRow(status: status, width: width) }
    }
  }
}
