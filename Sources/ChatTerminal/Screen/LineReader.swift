internal import ChatSystem

/// Reads lines from the terminal's keys, with an input row while it waits.
///
/// Thread: input; one at a time.
final class LineReader: @unchecked Sendable {
  // Safety: `buffer` and `unread` are confined to the thread in `nextLine`, of which `isReading` admits one.

  private let writer: ScreenWriter
  private let lease: TerminalLease
  private var buffer = [UInt8](repeating: 0, count: 16_384)
  /// What came from the terminal and was not decoded yet.
  private var unread: ArraySlice<UInt8> = []

  init(_ writer: ScreenWriter, _ lease: TerminalLease) {
    (self.writer, self.lease) = (writer, lease)
  }

  /// Waits until a line is entered. The row is there meanwhile.
  ///
  /// - Returns: the line's bytes; `nil` when the person wants to leave, or the terminal is gone: it was given back then.
  func nextLine(_ prompt: String, keepsHistory: Bool) -> [UInt8]? {
    writer.state.wait { state -> Void? in
      guard !state.isReading else { return nil }
      state.isReading = true
      state.editor.keepsHistory = keepsHistory
      return ()
    }
    defer { stopReading() }
    while true {
      while let event = nextEvent() {
        switch event {
        case .line(let text):
          hideRow()
          return UndecodedByte.bytes(of: text)
        case .end, .interrupt:
          stopReading()
          lease.end()
          return nil
        case .complete: complete()
        case .redraw: writer.redraw()
        case .suspend: TerminalSignal.stopJob()
        case .bell: ring()
        case .reply(let bytes):
          writer.state.withLock { $0.onReply }?(bytes)
          if Self.isLastAnswer(bytes) { writer.update { $0.questionEnd = nil } }
        }
      }
      showRow(prompt)
      guard read() else {
        stopReading()
        lease.end()
        return nil
      }
    }
  }

  private func nextEvent() -> LineEditor.Event? {
    writer.state.withLock { state in
      state.editor.expectsReply = state.isQuestionOpen
      return state.editor.next(&unread)
    }
  }

  private func stopReading() { writer.update { $0.isReading = false } }

  /// Whether this is the answer to the device attributes (DA1): `ESC [ ? … c`.
  private static func isLastAnswer(_ reply: [UInt8]) -> Bool {
    reply.starts(with: Array("\u{1B}[?".utf8)) && reply.last == UInt8(ascii: "c")
  }

  /// Waits for keys and reads them; false at the end.
  private func read() -> Bool {
    while let patience = writer.state.withLock({ $0.editor.patience }) {
      guard (try? StandardStream.input.waitUntilReadable(for: patience)) == false else { break }
      writer.state.withLock { $0.editor.giveUp() }
    }
    // A terminal that cannot be read is gone.
    let count = (try? StandardStream.input.read(into: &buffer)) ?? 0
    unread = buffer[..<count]
    return count > 0
  }

  private func showRow(_ prompt: String) {
    writer.redraw {
      if $0.prompt == nil { self.lease.setKeys(.raw, &$0) }
      $0.prompt = prompt
    }
  }

  /// Removes the row. Ctrl-C is a signal until the next line is waited for.
  private func hideRow() {
    guard writer.state.withLock({ $0.prompt != nil }) else { return }
    writer.redraw {
      self.lease.setKeys(.rawWithSignals, &$0)
      $0.prompt = nil
    }
  }

  private func complete() {
    let (text, completer) = writer.state.withLock { ($0.editor.line.before, $0.completer) }
    // Folders are read here, with no lock held.
    let completion = completer.complete(text)
    if !completion.isIdle {
      writer.state.withLock {
        $0.editor.insert(completion.insertion, replacing: completion.replacedCount)
      }
    } else if completion.candidates.isEmpty {
      ring()
    } else {
      let rows = Completer.rows(completion.candidates, width: writer.mode.columns)
      _ = try? writer.draw(ScreenState.lines(rows))
    }
  }

  private func ring() { writer.redraw { $0.isBellDue = true } }
}
