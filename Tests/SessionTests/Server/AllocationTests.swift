import TestKit
import Testing

/// What a line costs in memory is counted, not timed: the figures are the same on every machine.
@Suite("Allocations")
struct AllocationTests {
  /// Debug builds allocate more, and the thread sanitizer brings an allocator of its own.
  private static var isCounted: Bool {
    #if DEBUG
      false
    #else
      !Environment.isSanitized
    #endif
  }

  /// How many allocations a line that one says and 50 hear may take, at most.
  ///
  /// Measured: 4.2 for a line alone, half of it one pass of the broadcaster, half sharing it with a second thread; in bulk 0.003 to 0.004,
  /// as many lines share a pass, how many depends on how they arrive.
  private static let ceilings = ["one-at-a-time": 6.0, "bulk": 0.01]

  @Test(
    "a line costs few allocations, however many hear it",
    .enabled(if: isCounted, "allocations are counted in a release build without sanitizer"),
    .timeLimit(.minutes(2)))
  func perLine() throws {
    let probe = try Program("allocation-probe", [])
    var measured: [String: Double] = [:]
    while let line = try probe.line(within: 60) {
      print("allocations a line: \(line)")
      let words = line.split(separator: " ")
      measured[String(words[0])] = words.count == 2 ? Double(words[1]) : nil
    }
    #expect(try probe.exitCode() == 0, "\(probe.errors)")
    for (name, ceiling) in Self.ceilings {
      let figure = try #require(measured[name], "the probe did not say \(name)")
      #expect(figure <= ceiling, "\(name)")
    }
  }
}
