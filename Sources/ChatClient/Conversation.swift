internal import ChatCore
internal import ChatSystem

/// What happens between the welcome and the end: one thread receives, one writes.
final class Conversation: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`; `receiver` is the receive thread's and `input` the
  // write thread's.

  /// The token of the question asked at the end of input: its answer comes after everything sent.
  private static let lastToken = "chat-client-end-of-input"

  private let receiver: Receiver
  private let sender: Sender
  private let input: LineInput
  private let renderer: Renderer
  private let isTyped: Bool

  private let lock = Lock()
  private let changed = Condition()
  private var exit: ClientExit?
  private var isLeaving = false
  private var nickname: String

  init(
    receiver: Receiver, sender: Sender, input: LineInput, renderer: Renderer, isTyped: Bool,
    nickname: String
  ) {
    self.receiver = receiver
    self.sender = sender
    self.input = input
    self.renderer = renderer
    self.isTyped = isTyped
    self.nickname = nickname
  }

  /// Starts both threads and waits until the connection has ended.
  func run() -> ClientExit {
    do throws(SystemError) {
      try SystemThread.start(named: "receive") { self.receive() }
      try SystemThread.start(named: "write") { self.write() }
    } catch {
      Screen.complain("\(error)")
      return .lost
    }
    return lock.withLock {
      while true {
        if let exit { return exit }
        changed.wait(lock)
      }
    }
  }

  // MARK: The receive thread

  private func receive() {
    var output = ""
    while let line = receiver.receive() {
      let isOurs = follow(line)
      if !isOurs {
        let rendered = renderer.render(line, nickname: lock.withLock { nickname })
        if let text = rendered.output { output += text + "\n" }
        if let text = rendered.error { Screen.complain(text) }
      }
      if !receiver.hasNext, !output.isEmpty {
        do { try Screen.show(output) } catch { return finish(error) }
        output = ""
      }
    }
    let exit = lock.withLock { isLeaving ? ClientExit.left : .lost }
    if exit == .lost { Screen.complain("the connection is lost") }
    finish(exit)
  }

  /// Does what a line asks of the client itself.
  ///
  /// - Returns: whether that is all it is for.
  private func follow(_ line: ServerLine) -> Bool {
    switch line {
    case .renamed(let old, let new):
      lock.withLock { if nickname == old { nickname = new } }
      return false
    case .goodbye:
      lock.withLock { isLeaving = true }
      return false
    case .ping(let token):
      sender.post(TaggedLine("PONG", token))
      return true
    case .pong(token: Self.lastToken):
      leave()
      return true
    default: return false
    }
  }

  private func leave() {
    lock.withLock { isLeaving = true }
    sender.post(TaggedLine("QUIT", ""))
  }

  private func finish(_ exit: ClientExit) {
    lock.withLock {
      self.exit = self.exit ?? exit
      changed.broadcast()
    }
  }

  // MARK: The write thread

  private func write() {
    while let lines = input.nextLines() {
      if isTyped {
        for line in lines where !type(TextCleaner.clean(line.span)) { return }
      } else {
        sender.send(lines.flatMap { $0 + [UInt8(ascii: "\n")] })
      }
    }
    sender.send(TaggedLine("PING", Self.lastToken).encoded())
  }

  /// Does what a person typed.
  ///
  /// - Returns: whether more may follow.
  private func type(_ text: String) -> Bool {
    switch TypedLine(text, nickname: lock.withLock { nickname }) {
    case .nothing: break
    case .show(let text): do { try Screen.show(text + "\n") } catch { finish(error) }
    case .send(let bytes): sender.send(bytes)
    case .leave:
      lock.withLock { isLeaving = true }
      sender.send(TaggedLine("QUIT", "").encoded())
      return false
    }
    return true
  }
}
