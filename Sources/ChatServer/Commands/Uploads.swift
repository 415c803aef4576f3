internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// What one connection is sending, and where the raw bytes go that come in now. The bookkeeping alone.
///
/// Thread: its session's.
struct Uploads {
  /// How often it is looked whether they go on fast enough.
  static let checkInterval: Duration = .seconds(1)
  /// How many tokens of uploads that are over are remembered.
  private static let rememberedTokens = 64

  /// An upload that is under way.
  struct Upload {
    let name: FileName
    let target: ChatFiles.Upload
    let slot: TransferSlot
    /// When it is over if nothing comes of it.
    var expiry: MonotonicTime
    /// A frame has come.
    var hasBegun = false
  }

  /// Where raw bytes go.
  enum Sink: Equatable {
    case nowhere
    case framed(String)
    case classic
  }

  /// Where the bytes go that come in now.
  var sink = Sink.nowhere
  /// By the sender's token.
  var framed: [String: Upload] = [:]
  /// The one in classic form, of which there is one at a time.
  var classic: Upload?

  /// When it is looked next whether they go on fast enough.
  var nextCheck = MonotonicTime.now

  /// The tokens of uploads that are over, the oldest first: frames of theirs may still be on their way.
  private var over: [String] = []

  /// When the first of them is over if nothing comes of it; `nil` if there is none.
  var expiry: MonotonicTime? {
    guard classic != nil || !framed.isEmpty else { return nil }
    return (framed.values.map(\.expiry) + (classic.map { [$0.expiry] } ?? [])).min()
  }

  /// An upload is over, or never began.
  mutating func end(_ token: String) {
    framed[token] = nil
    over.removeAll { $0 == token }
    if over.count >= Self.rememberedTokens { over.removeFirst() }
    over.append(token)
  }

  /// The same token is used for another.
  mutating func begin(_ token: String, _ upload: Upload) {
    over.removeAll { $0 == token }
    framed[token] = upload
  }

  /// Whether frames of this token belong to an upload whose sender knows that it is over, or soon will.
  func isOver(_ token: String) -> Bool { over.contains(token) }
}
