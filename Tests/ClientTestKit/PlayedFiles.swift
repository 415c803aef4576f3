internal import ChatClient
internal import ChatCore
internal import ChatSystem

/// What a client's transfers ask for, and what a test answers: one request at a time.
///
/// Thread: any.
final class PlayedFiles: FileService {
  /// How long each side waits for the other.
  private static let patience: Duration = .seconds(20)

  private struct State {
    /// What is asked for, and not taken by the test.
    var request: String?
    /// What is to be received next.
    var bytes: [UInt8]?
    /// The answer has ended.
    var isEnded = false
    /// How many transfers run.
    var transfers = 0
    var isCancelled = false
  }

  private let state = Guarded(State())

  // MARK: The test

  /// Takes the next request; `nil` if none comes.
  func request() -> String? {
    let request = state.wait(until: .now + Self.patience) { $0.request }
    state.withLock { $0.request = nil }
    return request
  }

  /// Sends bytes, and waits until they are received.
  ///
  /// - Returns: whether they are.
  func send(_ bytes: [UInt8]) -> Bool {
    state.withLock { $0.bytes = bytes }
    state.wake()
    return state.wait(until: .now + Self.patience) { $0.bytes == nil ? true : nil } ?? false
  }

  /// Ends the answer, and waits until all transfers have ended.
  ///
  /// - Returns: whether they have.
  func finish() -> Bool {
    state.withLock { $0.isEnded = true }
    state.wake()
    return state.wait(until: .now + Self.patience) { $0.transfers == 0 ? true : nil } ?? false
  }

  /// The threads of transfers.
  var threads: TransferThreads {
    TransferThreads { body in
      self.state.withLock { $0.transfers += 1 }
      try SystemThread.start(named: "files") {
        body()
        self.state.withLock { $0.transfers -= 1 }
        self.state.wake()
      }
    }
  }

  // MARK: The client

  func fetch(
    _ file: SharedFile, from offset: UInt64, _ receive: (Span<UInt8>) -> Bool
  ) throws(FileServiceError) {
    state.withLock { state in
      (state.request, state.isEnded) = ("GET \(file.id) \(offset)", false)
    }
    state.wake()
    while true {
      let bytes: [UInt8]?? = state.wait(until: .now + Self.patience) { state in
        if state.isCancelled { return .some(nil) }
        if let bytes = state.bytes { return bytes }
        return state.isEnded ? .some([]) : nil
      }
      guard let bytes, let bytes else { throw .cancelled }
      guard !bytes.isEmpty else { return }
      guard receive(bytes.span) else { throw .cancelled }
      state.withLock { $0.bytes = nil }
      state.wake()
    }
  }

  func cancel() {
    state.withLock { $0.isCancelled = true }
    state.wake()
  }

  // What no play asks for.

  func sums(of file: SharedFile) throws(FileServiceError) -> [SHA256Digest] {
    throw .refused("no sums")
  }

  func begin(_ plan: UploadPlan) throws(FileServiceError) -> UploadPlace {
    throw .refused("no uploads")
  }

  func progress(of place: UploadPlace) throws(FileServiceError) -> UploadProgress {
    throw .forgotten
  }

  func send(
    to place: UploadPlace, from offset: UInt64,
    _ read: @escaping (UnsafeMutableRawBufferPointer, UInt64) -> Bool
  ) throws(FileServiceError) -> UploadProgress { throw .forgotten }

  func remove(_ place: UploadPlace) {}
}
