internal import ChatSystem
internal import Dispatch

/// Tells a queue when blocked transports are ready again.
///
/// Confined to the queue.
final class Writability {
  /// The watch, which lives until Dispatch has let go of its descriptor: the number of one that is closed before goes to
  /// the next that is opened, and Dispatch, which thinks that it watches that already, tells nothing of it (see
  /// dispatch_source_set_cancel_handler(3)).
  private final class Owner: @unchecked Sendable {
    // Safety: confined to the queue; the cancel handler only keeps it alive.
    var watch: WritabilityWatch

    init() throws(SystemError) { watch = try WritabilityWatch() }
  }

  private let owner: Owner
  private let source: any DispatchSourceRead

  init(_ queue: DispatchQueue, _ handler: @escaping @Sendable () -> Void) throws(SystemError) {
    let owner = try Owner()
    self.owner = owner
    source = DispatchSource.makeReadSource(fileDescriptor: owner.watch.number, queue: queue)
    source.setEventHandler(handler: handler)
    source.setCancelHandler { withExtendedLifetime(owner) {} }
    source.activate()
  }

  deinit { source.cancel() }

  /// Asks to be told, once, when a socket is ready or has failed.
  ///
  /// - Parameter isKnown: whether this socket was asked about before.
  func ask(
    about socket: CInt, for readiness: Readiness, isKnown: Bool
  ) throws(SystemError) {
    try owner.watch.ask(about: socket, for: readiness, isKnown: isKnown)
  }

  /// Forgets a socket, before its descriptor closes and its number can mean another.
  func forget(_ socket: CInt) { owner.watch.forget(socket) }

  /// The sockets that became ready since the last call, some of them, without waiting.
  func ready() throws(SystemError) -> [CInt] { try owner.watch.ready() }
}
