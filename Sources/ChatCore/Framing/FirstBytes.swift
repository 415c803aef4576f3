/// Filters bytes that are not text out of a connection's stream: a byte order mark at the very beginning, telnet's
/// commands and negotiation (RFC 854, RFC 855), and the NUL that telnet puts behind a CR that ends a line.
///
/// It is asked for a line at a time, so that its owner can stop in the middle of a chunk, once there is a nickname.
/// The byte FF (IAC) is never part of UTF-8, so nothing else is lost. A client that negotiates, or ends a line
/// with CR NUL, is a telnet program, and may go on so (`isTelnet`).
///
/// Thread: a value; its owner's. It keeps at most two bytes.
public struct FirstBytes: Sendable {
  private enum State {
    /// So many bytes of the mark have come, and nothing else that counts.
    case mark(Int)
    case text
    /// A CR has come, which may end a line.
    case carriageReturn
    /// After IAC.
    case command
    /// After IAC and WILL, WON'T, DO or DON'T: an option's number comes.
    case option
    /// After IAC SB: an option's values, up to IAC SE.
    case values
    /// After IAC in an option's values.
    case valuesCommand
  }

  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  private static let interpretAsCommand: UInt8 = 0xFF
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private var state = State.mark(0)
  /// Where text goes on after a command.
  private var isAtStart = true

  /// A telnet program is at the other end: it has negotiated, or ended a line as telnet does.
  public private(set) var isTelnet = false

  /// Nothing has come yet.
  public init() {}

  /// Takes bytes up to the end of a line, or all that there are.
  ///
  /// - Parameters:
  ///   - bytes: what came next.
  ///   - output: an empty array, which is given the text among them; a line ends with CR LF there if CR NUL ended it.
  /// - Returns: how many bytes were taken.
  public mutating func take(_ bytes: Span<UInt8>, into output: inout [UInt8]) -> Int {
    for index in bytes.indices {
      take(bytes[index], &output)
      if output.last == Self.lineFeed { return index + 1 }
    }
    return bytes.count
  }

  /// The stream has ended: hands over text that might have been something else.
  public mutating func finish(into output: inout [UInt8]) {
    switch state {
    case .mark(let count): output.append(contentsOf: Self.mark[..<count])
    case .carriageReturn: output.append(Self.carriageReturn)
    case .text, .command, .option, .values, .valuesCommand: break
    }
    becomeText()
  }

  /// Whether a line may have begun that `take` has not handed over.
  public var isMidLine: Bool {
    switch state {
    case .mark(let count): count > 0
    case .carriageReturn: true
    case .text, .command, .option, .values, .valuesCommand: false
    }
  }

  private mutating func take(_ byte: UInt8, _ output: inout [UInt8]) {
    switch state {
    case .mark(let count):
      if byte == Self.mark[count] {
        if count + 1 < Self.mark.count { state = .mark(count + 1) } else { becomeText() }
      } else if byte == Self.interpretAsCommand, count == 0 {
        state = .command
      } else {
        output.append(contentsOf: Self.mark[..<count])
        becomeText()
        take(byte, &output)
      }
    case .text:
      switch byte {
      case Self.interpretAsCommand: state = .command
      case Self.carriageReturn: state = .carriageReturn
      default: output.append(byte)
      }
    case .carriageReturn:
      state = .text
      if byte == 0 {
        isTelnet = true
        // The CR tells that lines end with two bytes, as those after a file do.
        output.append(Self.carriageReturn)
        output.append(Self.lineFeed)
      } else {
        output.append(Self.carriageReturn)
        take(byte, &output)
      }
    case .command: takeCommand(byte, &output)
    case .option: goOn()
    case .values: if byte == Self.interpretAsCommand { state = .valuesCommand }
    case .valuesCommand: if byte == 0xF0 { goOn() } else { state = .values }
    }
  }

  private mutating func takeCommand(_ byte: UInt8, _ output: inout [UInt8]) {
    switch byte {
    // EOF (RFC 1184) to GA.
    case 0xEC...0xF9: goOn()
    case 0xFA:
      isTelnet = true
      state = .values
    case 0xFB...0xFE: state = .option
    default:
      // IAC IAC is a byte of text; so is an IAC that no command follows.
      becomeText()
      output.append(Self.interpretAsCommand)
      if byte != Self.interpretAsCommand { take(byte, &output) }
    }
  }

  /// A command is over.
  private mutating func goOn() {
    isTelnet = true
    state = isAtStart ? .mark(0) : .text
  }

  private mutating func becomeText() {
    isAtStart = false
    state = .text
  }
}
