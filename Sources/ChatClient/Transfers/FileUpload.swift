internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// An upload, from the file's first byte to the word that the room has been told of it.
///
/// The file is read once to know its SHA-256, and announced with it; the server names the offset that it wants, and what
/// follows is sent. What breaks off goes on from what the server has. A file that the server finds to be another one is
/// announced again.
///
/// Thread: its own.
final class FileUpload {
  private let file: PreparedFile
  private let service: any FileService
  private let gate: TransferGate
  private let control: TransferControl

  private var attempts = TransferAttempts()
  /// Where it goes, and the token with which it was announced.
  private var place: (UploadPlace, token: String)?
  /// The server has wanted some of it.
  private var hasBegun = false
  /// How much the server had when it was asked last.
  private var offset: UInt64 = 0
  /// How much it ever had.
  private var mostOffset: UInt64 = 0
  /// Why the file can't be read any more.
  private var localFailure: TransferFailure?

  private init(
    _ file: PreparedFile, _ service: any FileService, _ gate: TransferGate,
    _ control: TransferControl
  ) {
    (self.file, self.service, self.gate, self.control) = (file, service, gate, control)
  }

  /// Sends a file.
  static func run(
    _ path: FilePath, over service: any FileService, _ gate: TransferGate,
    _ control: TransferControl
  ) -> TransferEnd {
    let upload: FileUpload
    do throws(UploadFailure) {
      let session = gate.session
      guard session.mostBytes > 0 else { throw UploadFailure("the server takes no files") }
      guard session.token != nil else { throw UploadFailure("the server takes no files by HTTP") }
      let file = try PreparedFile(path: path, limit: session.mostBytes, until: control)
      control.prepared(.init(name: file.name, digest: file.digest, size: file.size))
      upload = FileUpload(file, service, gate, control)
    } catch {
      return control.isCancelled ? .cancelled : .failed(error.reason, hasBegun: false)
    }
    do throws(TransferFailure) { return .sent(id: try upload.send()) } catch {
      if control.ending == .unwanted || upload.localFailure != nil { upload.takeBack() }
      guard case .reason(let reason) = error, !control.isCancelled else { return .cancelled }
      return .failed(reason, hasBegun: upload.hasBegun)
    }
  }

  /// Sends it, in as many attempts as it takes.
  ///
  /// - Returns: the id that the room was told; `nil` if the server does not say.
  private func send() throws(TransferFailure) -> String? {
    var hasFailed = false
    while true {
      guard let session = gate.pass(control, after: hasFailed ? attempts : nil) else {
        throw .cancelled
      }
      do throws(FileServiceError) {
        if case .finished(let id) = try attempt(in: session) { return id }
        // It was sent to its end, and the server does not have it: that is as good as lost.
        throw .lost("")
      } catch {
        if let localFailure { throw localFailure }
        switch error {
        case .cancelled: throw .cancelled
        case .lost(let reason):
          guard attempts.loss() else {
            throw .reason(
              "the connection was lost too often" + (reason.isEmpty ? "" : ": \(reason)"))
          }
        case .busy(let reason):
          guard attempts.busy() else { throw .reason(reason) }
        case .forgotten:
          (place, offset) = (nil, 0)
          guard attempts.mistake() else {
            throw .reason("the server has forgotten it, three times")
          }
        case .mismatch, .wrong:
          (place, offset) = (nil, 0)
          guard attempts.mistake() else {
            throw .reason("what came was not what was sent, three times")
          }
        case .distrusted(let reason), .refused(let reason): throw .reason(reason)
        }
      }
      hasFailed = true
    }
  }

  /// One attempt to send what the server does not have.
  private func attempt(
    in session: TransferGate.Session
  ) throws(FileServiceError) -> UploadProgress {
    let place: UploadPlace
    if let known = self.place, known.token == session.token {
      place = known.0
      let progress = try service.progress(of: place)
      guard case .offset(let offset) = progress else { return progress }
      note(offset)
    } else {
      guard let token = session.token else { throw .refused("the server takes no files by HTTP") }
      place = try service.begin(
        UploadPlan(
          name: file.name, size: file.size, digest: file.digest, room: session.room, token: token))
      self.place = (place, token)
      note(place.offset)
      hasBegun = true
      // All of it was there: most likely the room has been told.
      if offset == file.size, case .finished(let id) = try service.progress(of: place) {
        return .finished(id: id)
      }
    }
    guard offset <= file.size else { throw .refused("the server wants more than there is") }
    control.begin(at: offset, of: file.size)
    return try service.send(to: place, from: offset) { [self] space, offset in
      do throws(UploadFailure) { try file.read(into: space, at: offset) } catch {
        localFailure = .reason(error.reason)
        return false
      }
      control.note(offset + UInt64(space.count))
      return true
    }
  }

  /// The server has so much.
  private func note(_ offset: UInt64) {
    if offset > mostOffset {
      attempts.progress()
      mostOffset = offset
    }
    self.offset = offset
  }

  /// Has the server forget what it has, since the rest does not come.
  private func takeBack() { if let place { service.remove(place.0) } }
}
