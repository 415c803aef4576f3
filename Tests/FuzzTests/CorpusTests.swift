import FuzzTargets
import TestKit
import Testing

/// Runs the corpus through the programs' readers as the fuzzer does. In a process of its own: what fails, traps.
@Suite("The fuzzer's corpus")
struct CorpusTests {
  /// Where the inputs of a target are.
  private static func folder(of target: FuzzTarget) -> String {
    let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    return "/\(tests)/FuzzCorpus/\(target.rawValue)"
  }

  /// Runs a target's inputs, and says what came of them.
  private static func replay(_ target: FuzzTarget) throws -> String {
    let replay = try Program("fuzz-replay", [target.rawValue, folder(of: target)])
    let report = try replay.rest(within: 300)
    let code = try replay.exitCode()
    // What comes last is the input that was too much, and why.
    #expect(code == 0, "\(replay.errors.suffix(2_000))")
    return report
  }

  @Test("no input of the corpus ends a program", arguments: FuzzTarget.allCases)
  func replays(_ target: FuzzTarget) throws {
    let report = try Self.replay(target)
    let words = report.split(separator: " ")
    #expect(words.count > 2 && words[0] == "\(target.rawValue):", "\(report)")
    #expect(words.count > 1 && (Int(words[1]) ?? 0) >= 5, "\(report)")
  }

  @Test(
    "the corpus reaches the ends of files and answers",
    arguments: [
      (FuzzTarget.client, ["connections", "files fetched", "files sent"]),
      (.session, ["connections", "files kept", "answers"]),
    ])
  func isDeep(_ target: FuzzTarget, _ events: [String]) throws {
    let report = try Self.replay(target)
    for event in events { #expect(report.contains(" \(event)"), "\(report)") }
    // Some clients lose the connection, and come back.
    let numbers = report.split(separator: " ").compactMap { Int($0) }
    #expect(target != .client || numbers.count > 1 && numbers[1] > numbers[0], "\(report)")
  }
}
