import ChatClientModel
import ChatCore
import Testing

@Suite("FrameSchedule")
struct FrameScheduleTests {
  private static func header(_ frame: UploadFrame<String>?) -> String? {
    frame.map { String(decoding: $0.header.dropLast(), as: UTF8.self) }
  }

  @Test("a file is cut into frames, then ends; only one that does not begin at 0 says where")
  func frames() {
    let size = UInt64(Limits.frameBytes) + 5
    for (start, headers) in [
      (0, ["[DATA]:7\tsize=65536", "[DATA]:7\tsize=5", "<END>\tid=7"]),
      (65_536, ["[DATA]:7\toffset=65536\tsize=5", "<END>\tid=7"]),
      (size, ["[DATA]:7\toffset=\(size)\tsize=0", "<END>\tid=7"]),
    ] as [(UInt64, [String])] {
      var schedule = FrameSchedule<String>()
      schedule.add("file", size: size, token: "7", from: start)
      var found: [String] = []
      while let header = Self.header(schedule.next()) { found.append(header) }
      #expect(found == headers)
      #expect(schedule.offset(of: "7") == nil)
    }
  }

  @Test("files take turns, and one that is removed sends no more")
  func turns() {
    var schedule = FrameSchedule<String>()
    for name in ["a", "b", "c"] {
      schedule.add(name, size: 1_000_000, token: name, from: 0)
    }
    #expect((0..<6).compactMap { _ in schedule.next()?.file } == ["b", "c", "a", "b", "c", "a"])
    #expect(schedule.offset(of: "a") == 131_072)
    schedule.remove("b")
    #expect(Set((0..<4).compactMap { _ in schedule.next()?.file }) == ["a", "c"])
    schedule.removeAll()
    #expect(schedule.next()?.token == nil)
  }

  @Test("a file that is added again begins again")
  func again() {
    var schedule = FrameSchedule<String>()
    schedule.add("old", size: 100, token: "1", from: 50)
    schedule.add("new", size: 100, token: "1", from: 20)
    #expect(Self.header(schedule.next()) == "[DATA]:1\toffset=20\tsize=80")
    #expect(Self.header(schedule.next()) == "<END>\tid=1")
    #expect(schedule.next()?.token == nil)
  }
}
