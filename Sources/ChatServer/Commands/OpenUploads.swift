internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// The uploads of one session that are under way, and where raw bytes go that come in now. The bookkeeping alone.
struct OpenUploads {
  /// How many tokens of uploads that are over are remembered.
  private static let rememberedTokens = 64

  /// An upload that is under way.
  struct Entry {
    let name: FileName
    let target: ContentUpload
    let slot: TransferSlot
    /// When it ends if nothing comes of it.
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
  var framed: [String: Entry] = [:]
  /// The one in classic form, of which there is one at a time.
  var classic: Entry?

  /// The tokens of uploads that are over, the oldest first: frames of theirs may still be on their way.
  private var over: [String] = []

  /// When the first of them ends if nothing comes of it; `nil` if there is none.
  var expiry: MonotonicTime? {
    guard classic != nil || !framed.isEmpty else { return nil }
    return (framed.values.map(\.expiry) + (classic.map { [$0.expiry] } ?? [])).min()
  }

  /// A token is used for a new upload.
  mutating func begin(_ token: String, _ upload: Entry) {
    over.removeAll { $0 == token }
    framed[token] = upload
  }

  /// An upload is over, or never began.
  mutating func end(_ token: String) {
    framed[token] = nil
    over.removeAll { $0 == token }
    if over.count >= Self.rememberedTokens { over.removeFirst() }
    over.append(token)
  }

  /// Whether frames of this token belong to an upload whose sender knows, or is about to learn, that it is over.
  func isOver(_ token: String) -> Bool { over.contains(token) }
}
