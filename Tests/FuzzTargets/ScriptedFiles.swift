internal import ChatClient
internal import ChatCore
internal import ChatSystem

/// What comes of a client's requests for files, as a script has it: a byte for each, whose lowest three bits choose.
///
/// | bits | a fetch | an announcement | a question | a sending |
/// | --- | --- | --- | --- | --- |
/// | 0 | lost | lost | lost | lost, after some of it |
/// | 1 | refused | refused | refused | refused |
/// | 2 | wrong | wrong | wrong | wrong |
/// | 3 | the rest of a `SampleFile` | mismatch | mismatch | mismatch |
/// | 4 | so many bytes, and on | taken from 0 on | it is finished | it is finished |
/// | 5 | cancelled | taken from a number on | it has so much | it has so much |
/// | 6 | forgotten | taken from a byte on | forgotten | forgotten |
/// | 7 | distrusted | distrusted | distrusted | distrusted |
final class ScriptedFiles: FileService, @unchecked Sendable {
  // Safety: one thread does everything.

  private let script: ClientScript

  init(_ script: ClientScript) { self.script = script }

  func fetch(
    _ file: SharedFile, from offset: UInt64, _ receive: (Span<UInt8>) -> Bool
  ) throws(FileServiceError) {
    var left = file.sizeBytes - offset
    while left > 0 {
      let bytes: [UInt8]
      switch script.choice() {
      case 3: bytes = Array(script.sample().bytes.dropFirst(Int(clamping: file.sizeBytes - left)))
      case 4: bytes = script.someBytes()
      case let code: throw Self.failure(code)
      }
      let part = bytes.prefix(Int(clamping: left))
      guard !part.isEmpty else { throw .lost("") }
      script.note(said: part)
      left -= UInt64(part.count)
      guard receive(part.span) else { throw .cancelled }
    }
  }

  func sums(of file: SharedFile) throws(FileServiceError) -> [SHA256Digest] {
    switch script.choice() {
    case 3: return SHA256Digest(hex: script.sample().digest).map { [$0] } ?? []
    case 4: return []
    case let code: throw Self.failure(code)
    }
  }

  func begin(_ plan: UploadPlan) throws(FileServiceError) -> UploadPlace {
    let offset: UInt64
    switch script.choice() {
    case 4: offset = 0
    case 5: offset = script.number()
    case 6: offset = UInt64(script.choice())
    case let code: throw Self.failure(code)
    }
    return UploadPlace(path: "/files/uploads/1", size: plan.size, offset: offset)
  }

  func progress(of place: UploadPlace) throws(FileServiceError) -> UploadProgress {
    try answer(place)
  }

  func send(
    to place: UploadPlace, from offset: UInt64,
    _ read: @escaping (UnsafeMutableRawBufferPointer, UInt64) -> Bool
  ) throws(FileServiceError) -> UploadProgress {
    var (offset, space) = (offset, [UInt8](repeating: 0, count: 65_536))
    while offset < place.size {
      let count = Int(min(65_536, place.size - offset))
      let isRead = space.withUnsafeMutableBytes {
        read(UnsafeMutableRawBufferPointer(rebasing: $0[..<count]), offset)
      }
      guard isRead else { throw .cancelled }
      offset += UInt64(count)
    }
    return try answer(place)
  }

  func remove(_ place: UploadPlace) {}
  func cancel() {}

  private func answer(_ place: UploadPlace) throws(FileServiceError) -> UploadProgress {
    switch script.choice() {
    case 4:
      script.noteUpload()
      return .finished(id: script.choice() & 1 == 0 ? nil : "s1")
    case 5: return .offset(min(place.size, UInt64(script.choice())))
    case let code: throw Self.failure(code)
    }
  }

  private static func failure(_ code: UInt8) -> FileServiceError {
    switch code {
    case 1: .refused("no")
    case 2: .wrong
    case 3: .mismatch
    case 5: .cancelled
    case 6: .forgotten
    case 7: .distrusted("no")
    default: .lost("")
    }
  }
}
