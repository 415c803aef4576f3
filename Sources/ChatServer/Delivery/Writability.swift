internal import ChatSystem
internal import Dispatch

/// Tells a queue when blocked sockets take bytes again. Thread: the queue's.
final class Writability {
  var watch: WritabilityWatch
  private let source: any DispatchSourceRead

  init(_ queue: DispatchQueue, _ handler: @escaping @Sendable () -> Void) throws(SystemError) {
    watch = try WritabilityWatch()
    source = DispatchSource.makeReadSource(fileDescriptor: watch.number, queue: queue)
    source.setEventHandler(handler: handler)
    source.activate()
  }

  deinit { source.cancel() }
}
