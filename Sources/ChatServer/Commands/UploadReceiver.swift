internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// Receives the files that a client sends in classic form, and announces them to the room.
///
/// Bytes are written as they come in.
///
/// Thread: its session's.
struct UploadReceiver {
  /// How often it is checked whether an upload makes progress.
  private static let checkInterval: Duration = .seconds(1)

  /// An upload that is under way.
  private struct Upload {
    let name: FileName
    let target: ContentUpload
    let slot: TransferSlot
    /// When it ends if nothing comes of it.
    var expiry: MonotonicTime
  }

  private let client: ConnectedClient
  /// `nil` where raw bytes are dropped: none was begun, or it was refused.
  private var upload: Upload?
  /// When it is checked next whether it makes progress.
  private var nextProgressCheck = MonotonicTime.now

  init(_ client: ConnectedClient) { self.client = client }

  /// Whether an upload is under way.
  var isActive: Bool { upload != nil }

  /// When `endStalled` has to be called; `nil` if no upload is under way.
  var nextCheck: MonotonicTime? { upload.map { min($0.expiry, nextProgressCheck) } }

  /// Begins an upload, whose bytes follow.
  ///
  /// - Throws: `Refusal`; its bytes are read and dropped.
  mutating func begin(_ name: String) throws(Refusal) {
    let name = try FileName(name)
    let (peer, server) = (client.peer, client.server)
    guard let files = server.files, server.largestFileBytes > 0 else {
      throw Refusal(.fileRefused, "this server stores no files")
    }
    let block = AddressBlock(of: peer.address)
    guard let slot = server.transfers.beginUpload(from: block) else {
      throw Refusal(.fileRefused, "too many uploads at once; try again later")
    }
    // What has come in and is not written yet is lost if the server is killed.
    peer.transport.keepUnreadBytes(below: UploadBody.unreadBytes)
    do throws(ShelfError) {
      let target = try files.beginUpload(resumeKey: nil, digest: nil, size: nil, from: block)
      target.makeWay = { [transfers = server.transfers] in transfers.makeWay(for: slot) }
      upload = Upload(
        name: name, target: target, slot: slot, expiry: .now + server.options.readerTimeout)
    } catch {
      throw server.refusal(error)
    }
  }

  /// Takes raw bytes.
  mutating func takeBytes(_ bytes: Span<UInt8>) {
    guard let upload else { return }
    do throws(Refusal) {
      try write(bytes, to: upload)
      self.upload?.expiry = .now + client.server.options.readerTimeout
      try note(UInt64(bytes.count), of: upload)
    } catch {
      end(error)
    }
  }

  private func write(_ bytes: Span<UInt8>, to upload: Upload) throws(Refusal) {
    let largest = client.server.largestFileBytes
    guard upload.target.receivedBytes + UInt64(bytes.count) <= largest else {
      throw Refusal(.fileTooLarge, "a file has at most \(ByteCount.text(largest)) here")
    }
    client.noteFileBytes(bytes.count)
    do throws(ShelfError) {
      try bytes.withUnsafeBytes { bytes throws(ShelfError) in try upload.target.append(bytes) }
    } catch {
      throw client.server.refusal(error)
    }
  }

  /// Notes progress.
  ///
  /// - Throws: `Refusal` if the upload is too slow, or has to make way.
  private func note(_ count: UInt64, of upload: Upload) throws(Refusal) {
    if let reason = upload.slot.note(count).reason { throw Refusal(.fileRefused, reason) }
  }

  /// The raw bytes have ended: the file is stored and announced.
  mutating func endBytes() {
    guard let upload else { return }
    self.upload = nil
    client.flush()
    do throws(Refusal) {
      let stored: StoredContent
      do throws(ShelfError) { stored = try upload.target.finish() } catch {
        throw client.server.refusal(error)
      }
      guard try client.announce(stored, named: upload.name) != nil else { return }
      client.spend(ServerContext.announcementTokens)
    } catch {
      client.refuse(error)
    }
  }

  /// Ends the upload if it has made too little progress.
  mutating func endStalled() {
    nextProgressCheck = .now + Self.checkInterval
    guard let upload else { return }
    do throws(Refusal) {
      guard upload.expiry > .now else {
        throw Refusal(.fileRefused, "the upload made no progress for too long")
      }
      try note(0, of: upload)
    } catch {
      end(error)
    }
  }

  /// Ends the upload, and tells its sender why: what still comes of it is dropped.
  private mutating func end(_ refusal: Refusal) {
    upload = nil
    client.refuse(refusal)
  }

  /// Lets go of the upload, since the session ends: nothing is left of it.
  mutating func drop() { upload = nil }
}
