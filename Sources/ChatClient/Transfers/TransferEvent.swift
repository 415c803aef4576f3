internal import ChatCore
internal import ChatSystem

/// What is told of files as a JSON object, with the fields that apply to it.
struct TransferEvent: Encodable {
  private let event: String
  private var id: String?
  private var name: String?
  private var size: UInt64?
  private var from: String?
  private var sha256: String?
  private var time: String?
  private var path: String?
  private var text: String?
  private var have: Int?
  private var of: Int?

  /// Of a list this is the end: each of its files is told by an event of its own.
  init(_ notice: TransferNotice) {
    switch notice {
    case .offered(let offer, _), .passedOver(let offer, _): self.init("offer", offer)
    case .saved(let id, let name, let path, let size):
      self.init("saved")
      (self.id, self.name, self.path, self.size) = (id, name, path.decoded, size)
    case .sent(let id, let name, let size):
      self.init("sent")
      (self.id, self.name, self.size) = (id, name, size)
    case .failed(let name, let text):
      self.init("transfer-failed")
      (self.name, self.text) = (name, text)
    case .delivered(let name, let have, let all):
      self.init("delivered")
      (self.name, self.have, of) = (name, have, all)
    case .remark(let text):
      self.init("notice")
      self.text = text
    case .files: self.init("files-end")
    }
  }

  private init(_ event: String) { self.event = event }

  /// A file of a list.
  init(listed offer: FileOffer, time: String) {
    self.init("files", offer)
    self.time = time
  }

  private init(_ event: String, _ offer: FileOffer) {
    self.event = event
    (id, name, size) = (offer.id, FileName(from: offer.name).text, offer.size)
    (from, sha256) = (offer.sender, offer.sha256)
  }
}
