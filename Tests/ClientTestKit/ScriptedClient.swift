package import ChatClient
package import ChatClientModel
package import ChatCore
package import ChatSystem

/// A whole client without sockets and pauses, and without threads but for those that its driver starts: that plays the
/// server, the person at the terminal, and the thread that writes.
///
/// Thread: one. `run` asks for connections and reads from them; everything else is called from within, by the
/// `ClientTransport`'s waits, so that what happens between two receptions is the driver's choice.
package final class ScriptedClient {
  private let threads: ClientThreads
  private let connect: () -> Connection?
  private let clock: ClientClock

  /// - Parameters:
  ///   - nickname: taken for granted.
  ///   - isTyped: a person types; otherwise a pipe has the input.
  ///   - folder: where files are saved.
  ///   - transfers: the threads of transfers.
  ///   - files: makes what a transfer's requests go over.
  ///   - connect: makes the first connection and those after it; where there is none, the client ends.
  /// - Throws: `SystemError` if the system has no descriptor left.
  package init(
    options: ClientOptions, nickname: Nickname, style: Renderer.Style, isTyped: Bool,
    folder: DownloadFolder, output: any ClientOutput, clock: ClientClock = .monotonic,
    transfers: TransferThreads, files: @escaping @Sendable () -> any FileService,
    connect: @escaping () -> (any ClientTransport)?
  ) throws(SystemError) {
    let make = { connect().map { Connection(over: $0, clock: clock) } }
    (self.connect, self.clock) = (make, clock)
    let route = ServerRoute(
      policy: { ReconnectPolicy(withoutPausesFrom: $0) }, connect: make)
    threads = try ClientThreads(
      options: options, nickname: nickname, isTyped: isTyped, route: route,
      folder: .success(folder), renderer: Renderer(style: style) { $0 }, input: NoInput(),
      output: output, threads: transfers, clock: clock, service: files)
  }

  /// Shakes hands, and follows the conversation to its end.
  package func run() -> ClientExit {
    guard let connection = connect() else { return .unavailable }
    do throws(ClientExit) {
      let deadline = clock.now + .seconds(15)
      guard case .entered = try threads.enter(connection, until: deadline) else {
        return .unavailable
      }
    } catch {
      return error
    }
    return threads.receive(from: connection)
  }

  /// A line of input: typed by the person, or out of the pipe.
  ///
  /// Limit: as much as is on its way at once; a driver that gives more waits for ever.
  package func type(_ line: [UInt8]) { _ = threads.take([line]) }

  /// The end of the input.
  package func endInput() { threads.endInput() }

  /// Does what the write thread does: sends what waits.
  ///
  /// - Returns: false if there is nothing to send.
  package func write() -> Bool { threads.writeOnce() }
}

/// The input of a client whose driver calls `type`.
private final class NoInput: ClientInput {
  func answer(to question: String) -> [UInt8]? { nil }
  func nextLines() -> [[UInt8]]? { nil }
  var hasLost: Bool { false }
  func close() {}
}
