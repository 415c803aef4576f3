internal import ChatClient
internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The client's decoder, and what it shows in each style. The input is the seed of the pieces, and what a server
/// sends.
enum ClientLinesTarget {
  private static let renderers = [Renderer.Style.plain, .terminal, .json].map {
    Renderer(style: $0) { LocalTime.text(of: $0, now: 1_000_000_000) }
  }

  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let seed = UInt64(reader.byte())
    let items = FramedStream.items(
      of: Array(reader.rest), seed: seed, limit: Limits.serverLineBytes
    ) { _ in nil }
    var catchUp = CatchUp(room: "lobby", since: seed)
    var position = StreamPosition()
    for case .line(let bytes) in items {
      let line = ServerLine(bytes.span)
      Demands.line(line.encoded(), "\(line)")
      show(line)
      position.follow(line, nickname: "alice")
      switch catchUp.take(line) {
      case .hold, .pass: break
      case .missed(let line, let sequence):
        show(line)
        position.follow(missed: sequence)
      case .over(let lines, let gap):
        for line in lines { show(line) }
        catchUp = CatchUp(room: position.room ?? "", since: position.sequence ?? 0, after: gap)
      }
      if let offer = line.offer { show(offer) }
    }
  }

  private static func show(_ line: ServerLine) {
    for renderer in renderers { check(renderer.render(line, nickname: "alice")) }
  }

  private static func show(_ offer: SharedFile) {
    FileNames.check(offer.name)
    let progress = TransferProgress(
      .down, name: FileName(from: offer.name).text, bytes: offer.sizeBytes / 3,
      size: offer.sizeBytes,
      bytesPerSecond: UInt64(offer.id.utf8.count))
    Demands.clean(Array(progress.text.utf8), "how far a file is")
    for renderer in renderers {
      for notice in [
        TransferNotice.offered(offer, isFetched: false), .passedOver(offer, .tooLarge),
        .saved(
          id: offer.id, name: "received_a", path: Array("received_a".utf8), size: offer.sizeBytes),
        .files([.init(offer, time: "2026-01-31T12:00:00.000Z")]),
      ] {
        check(renderer.render(.transfer(notice)))
      }
    }
  }

  private static func check(_ output: Renderer.Output) {
    for text in [output.output, output.error] {
      if let text { Demands.clean(Array(text.utf8), "what is shown") }
    }
  }
}

extension ServerLine {
  /// The file that it tells of.
  fileprivate var offer: SharedFile? {
    switch self {
    case .transfer(.file(let offer)), .transfer(.listed(let offer, _)): offer
    default: nil
    }
  }
}
