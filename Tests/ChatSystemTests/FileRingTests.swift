import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("FileRing")
struct FileRingTests {
  private let folder: TestFolder
  private var path: FilePath { FilePath(folder.path).appending("ring") }

  init() throws { folder = try TestFolder() }

  // MARK: Bytes

  @Test(
    "a new ring is zeros, and has all its space on the disk, whether or not the file system helps",
    arguments: [false, true])
  func creation(writesZeros: Bool) throws {
    let ring = try FileRing(creating: path, capacity: 196_608, writesZeros: writesZeros)
    #expect(ring.capacity == 196_608)
    #expect(ring.header.count == FileRing.headerBytes)
    #expect(ring.header.allSatisfy { $0 == 0 })
    #expect(ring[0..<196_608].allSatisfy { $0 == 0 })
    #expect(ring.isInPlace(at: path))
    #expect(!ring.isLost)
    var status = stat()
    try #require(stat(path.cString, &status) == 0)
    #expect(status.st_size == 262_144)
    #expect(status.st_blocks * 512 >= 262_144)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test("what runs over the end is at the beginning, and in the file")
  func wrap() throws {
    let ring = try FileRing(creating: path, capacity: 65_536)
    let position: UInt64 = 7 * 65_536 - 3
    ring.write("abcdef", at: position)
    #expect(ring.text(position..<position + 6) == "abcdef")
    #expect(ring.text(0..<3) == "def")
    ring.write("xyz", at: 0)
    #expect(ring.text(position..<position + 6) == "abcxyz")
    ring.mutableBytes(position..<position + 6).copyBytes(from: "ABCDEF".utf8)
    #expect(ring.text(65_536..<65_539) == "DEF")
    let file = try contents()
    #expect(file[65_536..<65_539].elementsEqual("DEF".utf8))
    #expect(file.suffix(3).elementsEqual("ABC".utf8))
    ring.write(UnsafeRawBufferPointer(start: nil, count: 0), at: 5)
    #expect(ring[5..<5].isEmpty)
  }

  @Test("a ring holds what a model of it holds, and does so again when it is opened anew")
  func model() throws {
    try SeededRandom.run { random in
      let capacity = 3 * 65_536
      var model = [UInt8](repeating: 0, count: capacity)
      var header = [UInt8](repeating: 0, count: FileRing.headerBytes)
      var ring = try FileRing(creating: path, capacity: capacity)
      var position = UInt64.random(in: 0..<1 << 60, using: &random)
      for round in 0..<200 {
        let count = Int.random(in: 0...(round % 20 == 0 ? capacity : 9_000), using: &random)
        let seed = UInt8.random(in: 0...255, using: &random)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 8) &+ seed }
        bytes.withUnsafeBytes { ring.write($0, at: position) }
        let place = Int(position % UInt64(capacity))
        let beforeEnd = min(count, capacity - place)
        model.replaceSubrange(place..<place + beforeEnd, with: bytes[..<beforeEnd])
        model.replaceSubrange(0..<count - beforeEnd, with: bytes[beforeEnd...])
        #expect(ring[position..<position + UInt64(count)].has(bytes))
        position += UInt64(count)
        let changed = Int.random(in: 0..<header.count, using: &random)
        header[changed] &+= 1
        ring.header[changed] &+= 1
        switch round % 5 {
        case 0: ring.prefault(from: position, count: .random(in: 0...capacity, using: &random))
        case 1:
          let length = UInt64.random(in: 0...UInt64(capacity), using: &random)
          ring.releasePages(position - length..<position)
        case 2: try ring.sync()
        case 3 where round % 40 == 3: ring = try FileRing(opening: path)
        default: break
        }
        #expect(ring.capacity == capacity)
        #expect(ring[0..<UInt64(capacity)].has(model))
        let middle = UInt64.random(in: 0..<UInt64(capacity), using: &random)
        let turned = model[Int(middle)...] + model[..<Int(middle)]
        #expect(ring[middle..<middle + UInt64(capacity)].has(Array(turned)))
        #expect(UnsafeRawBufferPointer(ring.header).has(header))
      }
      #expect(try contents() == header + model)
      #expect(!ring.isLost)
    }
  }

  @Test("another opening sees what is written, also one that may only read")
  func openings() throws {
    let ring = try FileRing(creating: path, capacity: 131_072)
    let writer = try FileRing(opening: path)
    let reader = try FileRing(opening: path, isWritable: false)
    ring.write("one", at: 131_070)
    writer.write("two", at: 131_073)
    ring.header[9] = 7
    #expect(reader.text(131_070..<131_076) == "onetwo")
    #expect(reader.header[9] == 7)
    #expect(reader.capacity == 131_072)
    reader.prefault(from: 0, count: 131_072)
    #expect(reader.text(131_070..<131_076) == "onetwo")
  }

  @Test("pages are taken out of memory and made ready again, both with their bytes")
  func residence() throws {
    let capacity: UInt64 = 16 * 65_536
    let ring = try FileRing(creating: path, capacity: Int(capacity))
    let bytes = [UInt8](repeating: 0x2A, count: Int(capacity))
    for position in [0, capacity / 2] { bytes.withUnsafeBytes { ring.write($0, at: position) } }
    let full = try residentBytes()
    #expect(full >= 3 * capacity / 2)
    ring.releasePages(capacity / 2..<capacity + capacity / 2)
    #expect(try residentBytes() <= 65_536)
    ring.prefault(from: 3, count: Int(capacity) - 65_536)
    let ready = try residentBytes()
    #expect(ready >= capacity - 65_536)
    #expect(ready < capacity + 131_072)
    #expect(ring[0..<capacity].allSatisfy { $0 == 0x2A })
  }

  @Test("a page that is only in part in a range stays in memory")
  func parts() throws {
    let ring = try FileRing(creating: path, capacity: 65_536)
    ring.write("x", at: 0)
    ring.write("x", at: 65_535)
    let before = try residentBytes()
    ring.releasePages(1..<4_096)
    ring.releasePages(65_535..<65_537)
    #expect(try residentBytes() == before)
    ring.releasePages(0..<4_096)
    #expect(try residentBytes() < before)
  }

  // MARK: Refusals

  @Test("a size that no ring has is refused", arguments: [0, 1, 4_096, 65_536, 131_071, 131_073])
  func wrongSize(size: UInt64) throws {
    try RegularFile(toWrite: path).truncate(to: size)
    #expect(throws: SystemError("open", code: EINVAL)) { try FileRing(opening: path) }
    try RegularFile(toWrite: path).truncate(to: 131_072)
    #expect(try FileRing(opening: path).capacity == 65_536)
  }

  @Test("what is no file is refused, and what is not there is missing")
  func wrongKind() throws {
    func opened(_ path: FilePath) -> SystemError? {
      do throws(SystemError) { _ = try FileRing(opening: path) } catch { return error }
      return nil
    }
    #expect(opened(path)?.isMissing == true)
    #expect(opened(FilePath(folder.path))?.isOtherKind == true)
    let pipe = FilePath(folder.path).appending("pipe")
    try #require(mkfifo(pipe.cString, 0o600) == 0)
    #expect(opened(pipe)?.isOtherKind == true)
    #expect(opened("/dev/null")?.isOtherKind == true)
    let ring = try FileRing(creating: path, capacity: 65_536)
    let link = FilePath(folder.path).appending("link")
    try #require(symlink(path.cString, link.cString) == 0)
    #expect(opened(link)?.isOtherKind == true)
    #expect(ring.isInPlace(at: path))
  }

  @Test("a capacity that is no multiple of 65,536 is refused, and nothing is made")
  func wrongCapacity() {
    for capacity in [0, -65_536, 1, 4_096, 65_537, 100_000, .max, Int.max / 65_536 * 65_536] {
      #expect(throws: SystemError("fallocate", code: EINVAL)) {
        try FileRing(creating: path, capacity: capacity)
      }
    }
    #expect(path.status == nil)
  }

  @Test("what is there already is left as it is")
  func existing() throws {
    try FileRing(creating: path, capacity: 65_536).write("kept", at: 0)
    #expect(throws: SystemError("open", code: EEXIST)) {
      try FileRing(creating: path, capacity: 131_072)
    }
    #expect(try FileRing(opening: path).text(0..<4) == "kept")
  }

  @Test("a disk without the space says so, and nothing stays on it")
  func noSpace() throws {
    // A memory disk refuses at once what it could never hold.
    let path = FilePath("/dev/shm/chat-test-\(UUID().uuidString)")
    var error: SystemError?
    do throws(SystemError) { _ = try FileRing(creating: path, capacity: 1 << 46) } catch let thrown
    {
      error = thrown
    }
    #expect(error?.isNoSpace == true)
    #expect(path.status == nil)
  }

  @Test("a limit of the file's size is found out, whether or not the file system helps")
  func sizeLimit() async {
    await #expect(processExitsWith: .success) {
      ChatSystem.Process.ignoreFileSizeLimit()
      var limit = rlimit(rlim_cur: 150_000, rlim_max: 150_000)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let path = FilePath(try TestFolder().path).withSuffix("-limited")
      for writesZeros in [false, true] {
        #expect(throws: SystemError(writesZeros ? "pwrite" : "fallocate", code: EFBIG)) {
          try FileRing(creating: path, capacity: 131_072, writesZeros: writesZeros)
        }
        #expect(path.status == nil)
      }
      _ = try FileRing(creating: path, capacity: 65_536, writesZeros: true)
      try path.remove()
    }
  }

  // MARK: What befalls the file

  @Test("a file that was shortened is noticed by who touches it, and the program lives")
  func shortened() throws {
    let ring = try FileRing(creating: path, capacity: 131_072)
    let other = try FileRing(
      creating: FilePath(folder.path).appending("other"), capacity: 65_536)
    ring.write("kept", at: 100)
    ring.write("lost", at: 131_072 - 2)
    try shorten(to: 65_536 + 65_536)
    #expect(ring.text(100..<104) == "kept")
    #expect(!ring.isInPlace(at: path))
    #expect(throws: SystemError("fdatasync", code: EIO)) { try ring.sync() }
    #expect(!ring.isLost)
    // In both mappings: the page before the end, and the one at the beginning of the second.
    #expect(ring[131_070..<131_072].elementsEqual([0, 0]))
    #expect(ring.isLost)
    ring.write("later", at: 131_000)
    #expect(ring.text(131_000..<131_005) == "later")
    ring.write("also", at: 200)
    #expect(try contents()[65_736..<65_740].elementsEqual("also".utf8))
    #expect(throws: SystemError("fdatasync", code: EIO)) { try ring.sync() }
    #expect(!other.isLost)
    try other.sync()
  }

  @Test("every page of a file that was emptied is replaced, in both mappings")
  func emptied() throws {
    let ring = try FileRing(creating: path, capacity: 65_536)
    try shorten(to: 0)
    ring.prefault(from: 0, count: 65_536)
    for position: UInt64 in stride(from: 0, to: 65_536, by: 512) {
      ring.write("over the end", at: 65_535 - position)
    }
    ring.write([UInt8](repeating: 1, count: 65_536), at: 32_768)
    #expect(ring[32_768..<32_768 + 65_536].allSatisfy { $0 == 1 })
    ring.header[0] = 5
    #expect(ring.header[0] == 5)
    #expect(ring.isLost)
    ring.releasePages(0..<65_536)
    ring.write("later", at: 65_533)
    #expect(ring.text(65_533..<65_538) == "later")
    #expect(throws: SystemError.self) { try FileRing(opening: path) }
  }

  @Test("bytes behind the end of a file that was cut in a page do not count as synced")
  func cutInPage() throws {
    let ring = try FileRing(creating: path, capacity: 65_536)
    try shorten(to: 65_536 + 65_536 - 10)
    ring.write("nowhere", at: 65_536 - 8)
    #expect(!ring.isLost)
    #expect(!ring.isInPlace(at: path))
    #expect(throws: SystemError("fdatasync", code: EIO)) { try ring.sync() }
  }

  @Test("parts are written one after another, up to the end of the ring and not over it")
  func writtenParts() throws {
    let ring = try FileRing(creating: path, capacity: 65_536)
    func written(_ texts: [String], at position: UInt64) -> Bool {
      let bytes = texts.flatMap { Array($0.utf8) }
      return bytes.withUnsafeBytes { all in
        var start = 0
        var parts = InlineArray<4, UnsafeRawBufferPointer>(
          repeating: UnsafeRawBufferPointer(start: nil, count: 0))
        for (index, text) in texts.enumerated() {
          let end = start + text.utf8.count
          parts[index] = UnsafeRawBufferPointer(rebasing: all[start..<end])
          start = end
        }
        return ring.writeToFile(parts, at: position)
      }
    }
    #expect(written(["a", "", "line", " of text"], at: 65_536 + 100))
    #expect(ring.text(100..<113) == "aline of text")
    #expect(ring[65_536 + 113..<65_536 + 114].elementsEqual([0]))
    #expect(written(["at", " ", "the", " end"], at: 65_536 - 10))
    #expect(ring.text(65_526..<65_536) == "at the end")
    #expect(try contents().suffix(10).elementsEqual("at the end".utf8))
    #expect(!written(["over", " ", "the", " end"], at: 65_536 - 11))
    #expect(ring.text(65_526..<65_536) == "at the end")
    #expect(ring[0..<1].elementsEqual([0]))
    #expect(try contents().count == 2 * 65_536)
  }

  @Test("a part is synced, also one that runs over the end, unless the file is shorter than it was")
  func syncedPart() throws {
    let ring = try FileRing(creating: path, capacity: 65_536)
    ring.write("over the end", at: 65_530)
    try ring.sync(65_530..<65_542)
    try ring.sync(100..<100)
    try ring.sync(1..<65_537)
    try shorten(to: 65_536 + 65_536 - 10)
    #expect(throws: SystemError("msync", code: EIO)) { try ring.sync(0..<10) }
  }

  @Test("a file that is shortened while threads write to it is lost, and no thread dies of it")
  func shortenedWhileWritten() throws {
    struct Progress {
      var laps = [0, 0, 0]
      var ended = 0
    }
    final class Shared: Sendable { let state = Guarded(Progress()) }
    let (shared, capacity) = (Shared(), 32 * 65_536)
    let ring = try FileRing(creating: path, capacity: capacity)
    for writer in 0..<3 {
      try SystemThread.start(named: "writer") {
        // Each has a third of every lap, which keeps them apart.
        let part = UInt64(capacity / 3)
        var lap: UInt64 = 0
        while !ring.isLost {
          let begin = lap * UInt64(capacity) + UInt64(writer) * part
          for position in stride(from: begin, to: begin + part - 100, by: 100) {
            ring.write("a line of text", at: position)
          }
          lap += 1
          shared.state.withLock { $0.laps[writer] += 1 }
          shared.state.wake()
        }
        shared.state.withLock { $0.ended += 1 }
        shared.state.wake()
      }
    }
    _ = shared.state.wait { $0.laps.allSatisfy { $0 > 0 } ? true : nil }
    try shorten(to: 65_536 + 65_536)
    _ = shared.state.wait { $0.ended == 3 ? true : nil }
    #expect(ring.isLost)
    ring.write("goes on", at: 1)
    #expect(ring.text(1..<8) == "goes on")
    #expect(try contents()[65_537..<65_544].elementsEqual("goes on".utf8))
  }

  @Test("a file that was removed or replaced is not in its place, and is written to all the same")
  func moved() throws {
    let ring = try FileRing(creating: path, capacity: 65_536)
    let away = FilePath(folder.path).appending("away")
    try path.rename(to: away)
    #expect(!ring.isInPlace(at: path))
    let second = try FileRing(creating: path, capacity: 65_536)
    #expect(second.isInPlace(at: path))
    #expect(!ring.isInPlace(at: path))
    ring.write("away", at: 0)
    try ring.sync()
    #expect(second[0..<4].allSatisfy { $0 == 0 })
    try away.rename(to: path)
    #expect(ring.isInPlace(at: path))
    #expect(!second.isInPlace(at: path))
    try path.remove()
    #expect(!ring.isInPlace(at: path))
    ring.write("still", at: 65_534)
    #expect(ring.text(65_534..<65_539) == "still")
    #expect(!ring.isLost)
  }

  @Test(
    "many rings are made, lost and removed by many threads at once, and each tells of itself alone")
  func many() throws {
    final class Shared: Sendable { let wrong = Guarded((ended: 0, wrong: [String]())) }
    let (shared, folder) = (Shared(), FilePath(folder.path))
    for thread in 0..<4 {
      try SystemThread.start(named: "rings") {
        var wrong: [String] = []
        do {
          for round in 0..<6 {
            var rings: [FileRing] = []
            for number in 0..<25 {
              let path = folder.appending(FilePath("\(thread)-\(round)-\(number)"))
              rings.append(try FileRing(creating: path, capacity: 65_536))
              if number % 2 == 1 { try RegularFile(toWrite: path).truncate(to: 0) }
            }
            for (number, ring) in rings.enumerated() {
              ring.write("over the end", at: 65_530)
              let isLost = number % 2 == 1
              if ring.isLost != isLost { wrong.append("\(round)-\(number)") }
            }
          }
        } catch { wrong.append("\(error)") }
        shared.wrong.withLock {
          $0.ended += 1
          $0.wrong += wrong
        }
        shared.wrong.wake()
      }
    }
    let wrong = shared.wrong.wait { $0.ended == 4 ? $0.wrong : nil }
    #expect(wrong == [])
  }

  // MARK: The signal

  @Test("one ring too many is refused, and there is room again when another ends")
  func tooMany() async {
    await #expect(processExitsWith: .success) {
      let folder = try TestFolder()
      let path = FilePath(folder.path).appending("ring")
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = min(limit.rlim_max, 2_000)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      var rings = [try FileRing(creating: path, capacity: 65_536)]
      for _ in 1..<1_024 { rings.append(try FileRing(opening: path)) }
      #expect(throws: SystemError("sigaction", code: ENOBUFS)) { try FileRing(opening: path) }
      let new = FilePath(folder.path).appending("new")
      #expect(throws: SystemError.self) { try FileRing(creating: new, capacity: 65_536) }
      #expect(new.status == nil)
      rings.remove(at: 500)
      rings.append(try FileRing(opening: path))
      try RegularFile(toWrite: path).truncate(to: 0)
      rings[1_023].write("in the last", at: 65_535)
      #expect(rings.map(\.isLost) == Array(repeating: false, count: 1_023) + [true])
    }
  }

  @Test("a page that is missing elsewhere ends the program, as it did before there were rings")
  func unguarded() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      signal(SIGBUS, SIG_DFL)
      try touchMissingPage(besides: try TestFolder())
    }
  }

  @Test("the signal that someone sends ends the program, as it did before there were rings")
  func sent() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      signal(SIGBUS, SIG_DFL)
      let folder = try TestFolder()
      let ring = try FileRing(
        creating: FilePath(folder.path).appending("ring"), capacity: 65_536)
      try FileManager.default.removeItem(atPath: folder.path)
      kill(getpid(), SIGBUS)
      // It may be another thread's.
      while !ring.isLost { sched_yield() }
    }
  }

  @Test("a page that is missing elsewhere is for the handler that was there before")
  func handedOn() async {
    await #expect(processExitsWith: .exitCode(42)) {
      signal(SIGBUS) { _exit($0 == SIGBUS ? 42 : 1) }
      try touchMissingPage(besides: try TestFolder())
    }
    await #expect(processExitsWith: .exitCode(43)) {
      var action = sigaction()
      action.__sigaction_handler.sa_sigaction = { number, information, context in
        // BUS_ADRERR, and where the thread stood.
        _exit(number == SIGBUS && information?.pointee.si_code == 2 && context != nil ? 43 : 1)
      }
      action.sa_flags = SA_SIGINFO
      sigaction(SIGBUS, &action, nil)
      try touchMissingPage(besides: try TestFolder())
    }
  }

  // MARK: Details

  private func shorten(to size: UInt64) throws { try RegularFile(toWrite: path).truncate(to: size) }

  private func contents() throws -> [UInt8] {
    Array(try #require(FileManager.default.contents(atPath: path.decoded)))
  }

  /// How much of the ring's mappings is in this process's memory (proc_pid_smaps(5)).
  private func residentBytes() throws -> UInt64 {
    // Its size is told as 0, which FileManager believes.
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps"))
    let maps = try #require(try file.readToEnd())
    var (isOurs, sum) = (false, UInt64(0))
    for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words[0].contains("-") { isOurs = line.hasSuffix(path.decoded) }
      if isOurs, words[0] == "Rss:" { sum += try #require(UInt64(words[1])) * 1_024 }
    }
    return sum
  }
}

/// Touches a page that its file has no longer, in a mapping of the test's own beside a ring. The folder
/// is removed before: the process ends here.
private func touchMissingPage(besides folder: TestFolder) throws {
  let path = FilePath(folder.path).appending("ring")
  let ring = try FileRing(creating: path, capacity: 65_536)
  let number = open(path.cString, O_RDWR)
  let mapped = mmap(nil, 4_096, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0)
  try RegularFile(toWrite: path).truncate(to: 0)
  ring.write("guarded", at: 0)
  guard ring.isLost else { exit(2) }
  try FileManager.default.removeItem(atPath: folder.path)
  mapped?.storeBytes(of: 1, as: UInt8.self)
  exit(3)
}

extension FileRing {
  fileprivate func write(_ text: String, at position: UInt64) {
    write(Array(text.utf8), at: position)
  }

  fileprivate func write(_ bytes: [UInt8], at position: UInt64) {
    bytes.withUnsafeBytes { write($0, at: position) }
  }

  fileprivate func text(_ range: Range<UInt64>) -> String {
    String(decoding: self[range], as: UTF8.self)
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func has(_ bytes: [UInt8]) -> Bool {
    guard let baseAddress, count == bytes.count else { return bytes.isEmpty }
    return memcmp(baseAddress, bytes, count) == 0
  }
}
