internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// An upload that comes in as many requests as it takes.
///
/// Thread: any; one request at a time has its content.
final class TusUpload: Sendable {
  /// What is known of it from the beginning.
  struct Plan: Sendable {
    /// Where it comes from.
    let source: AddressBlock
    /// Whose it is, by the session's token.
    let token: String
    /// The same person, by the nickname's key: a client of that nickname may go on with the same file.
    let owner: String
    let room: String
    let name: FileName
    let sizeBytes: UInt64
    /// What it will be; `nil`: whatever comes.
    let digest: SHA256Digest?
    /// `Upload-Metadata`, as it came.
    let metadata: String
  }

  fileprivate enum Phase {
    /// No request has it. The content is `nil` if it was left to be resumed.
    case idle(ContentUpload?)
    /// A request has it. Another one waits for it.
    case busy(isWanted: Bool)
    /// It is a file now, with this path.
    case finished(path: String)
    /// There is nothing left of it.
    case ended
  }

  fileprivate struct State {
    var phase = Phase.busy(isWanted: false)
    var used: MonotonicTime
  }

  /// What it is asked for by. It can't be guessed.
  let id = SecretName.make()
  let plan: Plan
  fileprivate let state: Guarded<State>

  fileprivate init(_ plan: Plan) {
    self.plan = plan
    state = Guarded(State(used: .now))
  }

  /// What comes of asking for it.
  enum Claim {
    case content(ContentUpload?)
    case finished(path: String)
    case ended
    /// Another request does not let go of it.
    case busy
  }

  /// How long a request waits for another one, whose client may be gone.
  private static let patience: Duration = .seconds(4)

  /// Takes it; another request that has it is asked to let go.
  func claim() -> Claim {
    state.withLock {
      if case .busy = $0.phase { $0.phase = .busy(isWanted: true) }
    }
    return state.wait(until: .now + Self.patience) { state -> Claim? in
      state.used = .now
      switch state.phase {
      case .idle(let content):
        state.phase = .busy(isWanted: false)
        return .content(content)
      case .busy: return nil
      case .finished(let path): return .finished(path: path)
      case .ended: return .ended
      }
    } ?? .busy
  }

  /// Whether no other request waits for it.
  var isUndisturbed: Bool {
    state.withLock { if case .busy(isWanted: true) = $0.phase { false } else { true } }
  }

  /// Whether it is a file now, or there is nothing left of it.
  fileprivate var isOver: Bool {
    state.withLock {
      switch $0.phase {
      case .idle, .busy: false
      case .finished, .ended: true
      }
    }
  }

  /// Whether an announcement of the same file may take it over. One of another session may: this one's is lost. One of the
  /// same session may if some bytes are here and no request sends more.
  ///
  /// - Parameter token: of the session that announces the file.
  fileprivate func canBeTakenOver(by token: String) -> Bool {
    state.withLock {
      switch $0.phase {
      case .idle(let content): token != plan.token || content?.receivedBytes != 0
      case .busy: token != plan.token
      case .finished, .ended: false
      }
    }
  }

  /// Whether no byte of it has been sent, and no request has it.
  fileprivate var isUntouched: Bool {
    state.withLock {
      if case .idle(let content?) = $0.phase { content.receivedBytes == 0 } else { false }
    }
  }

  /// When it was asked for last.
  fileprivate var used: MonotonicTime { state.withLock { $0.used } }

  /// Gives it back.
  func release(_ content: ContentUpload) { set(.idle(content)) }
  /// It is a file now, with this path: who missed the last answer still learns it.
  func finish(path: String) { set(.finished(path: path)) }
  /// There is nothing left of it.
  func end() { set(.ended) }

  private func set(_ phase: Phase) {
    state.withLock { ($0.phase, $0.used) = (phase, .now) }
    state.wake()
  }
}

/// The uploads that were begun by requests of tus and can go on.
///
/// Thread: any. Its lock may be held while an upload's is taken.
final class TusUploads: Sendable {
  /// How many there may be, those that are over included; of one address, and of one session, without them.
  static let limit = 4_096
  static let addressLimit = 1_024
  static let sessionLimit = 64
  /// How long one is kept that is not asked for.
  static let lifetime: Duration = .seconds(3_600)
  /// How long its content is held open, of which there may be so many.
  private static let openTime: Duration = .seconds(60)
  static let openLimit = 128

  private let uploads = Guarded<[String: TusUpload]>([:])

  /// Begins one, which the caller has.
  ///
  /// - Returns: `nil` if there are too many.
  func begin(_ plan: TusUpload.Plan) -> TusUpload? {
    let upload = TusUpload(plan)
    // What it holds open is closed after the lock.
    var dropped: TusUpload?
    defer { withExtendedLifetime(dropped) {} }
    return uploads.withLock { uploads in
      let ofSession = uploads.values.filter { $0.plan.token == plan.token && !$0.isOver }
      if ofSession.count >= Self.sessionLimit {
        // One that was announced and never begun, such as one of a client that tries again, makes way.
        dropped = ofSession.filter(\.isUntouched).min { $0.used < $1.used }
        guard let dropped else { return nil }
        uploads[dropped.id] = nil
      }
      let ofAddress = uploads.values.count { $0.plan.source == plan.source && !$0.isOver }
      guard ofAddress < Self.addressLimit else { return nil }
      if uploads.count >= Self.limit {
        guard let over = uploads.values.filter(\.isOver).min(by: { $0.used < $1.used }) else {
          return nil
        }
        uploads[over.id] = nil
      }
      uploads[upload.id] = upload
      return upload
    }
  }

  /// Finds one.
  func find(_ id: String) -> TusUpload? { uploads.withLock { $0[id] } }

  /// The same file of the same person, begun before, that an announcement may take over.
  func find(like plan: TusUpload.Plan) -> TusUpload? {
    guard plan.digest != nil else { return nil }
    return uploads.withLock { uploads in
      uploads.values.first {
        $0.plan.owner == plan.owner && $0.plan.digest == plan.digest
          && $0.plan.sizeBytes == plan.sizeBytes && $0.canBeTakenOver(by: plan.token)
      }
    }
  }

  /// Forgets one.
  func remove(_ upload: TusUpload) { uploads.withLock { $0[upload.id] = nil } }

  /// Closes the contents that were not asked for lately, and forgets what is too old. To be called now and then.
  func prune(now: MonotonicTime = .now) {
    // What they hold open is closed after the locks.
    var closed: [ContentUpload] = []
    uploads.withLock { uploads in
      var open: [(upload: TusUpload, used: MonotonicTime)] = []
      for upload in uploads.values {
        upload.state.withLock { state in
          guard now - state.used < Self.lifetime else {
            if case .busy = state.phase { return }
            if case .idle(let content?) = state.phase { closed.append(content) }
            state.phase = .ended
            uploads[upload.id] = nil
            return
          }
          guard case .idle(let content?) = state.phase else { return }
          if now - state.used >= Self.openTime, content.isResumable {
            closed.append(content)
            state.phase = .idle(nil)
          } else {
            open.append((upload, state.used))
          }
        }
      }
      let surplus = max(0, open.count - Self.openLimit)
      for (upload, _) in open.sorted(by: { $0.used < $1.used }).prefix(surplus) {
        upload.state.withLock { state in
          guard case .idle(let content?) = state.phase else { return }
          closed.append(content)
          state.phase = content.isResumable ? .idle(nil) : .ended
        }
      }
    }
    withExtendedLifetime(closed) {}
  }
}
