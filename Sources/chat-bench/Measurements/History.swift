import ChatSystem
import Foundation

/// The cost of a long history: entering the room, reading its last lines, a search.
struct History {
  /// How many lines are in the room's history.
  let lines: Int
  var repetitions = 20

  /// The results of one room, in milliseconds.
  struct Sample {
    let entering: Double
    let last: Double
    let search: Double
    /// Right after the last line, before the index has caught up.
    let searchAtOnce: Double
  }

  /// A word that occurs three times: near the beginning, in the middle, at the end.
  private static let word = "heliotrope"
  private static let size = 64

  func run(_ subject: ChatServerSubject) throws -> Sample {
    let server = try RunningServer(subject)
    try fill(server)
    let atOnce = try waitForIndex(server, subject)
    var entering: [Double] = []
    var last: [Double] = []
    var search: [Double] = []
    for number in 0..<repetitions {
      let start = MonotonicTime.now
      let connection = try LineConnection(port: server.port)
      try connection.send("[HELLO]:1\nreader\(number)\n")
      try subject.enter(connection)
      entering.append((MonotonicTime.now - start) / .milliseconds(1))
      last.append(try time("[HISTORY]:100", connection, expecting: min(100, lines)))
      search.append(try time("[SEARCH]:\(Self.word)", connection, expecting: 3))
      try connection.send("exit\n")
      try connection.wait { $0 == "Bye!" }
    }
    return Sample(
      entering: Runs(entering).median, last: Runs(last).median, search: Runs(search).median,
      searchAtOnce: atOnce)
  }

  /// Searches at once, and again until that is fast.
  ///
  /// - Returns: how long the first search took.
  private func waitForIndex(
    _ server: RunningServer, _ subject: ChatServerSubject
  ) throws -> Double {
    let connection = try LineConnection(port: server.port)
    try connection.send("[HELLO]:1\nfirst\n")
    try subject.enter(connection)
    let first = try time("[SEARCH]:\(Self.word)", connection, expecting: 3)
    let deadline = MonotonicTime.now + .seconds(60)
    while MonotonicTime.now < deadline {
      SystemThread.sleep(for: .milliseconds(500))
      if try time("[SEARCH]:\(Self.word)", connection, expecting: 3) < 5 { break }
    }
    return first
  }

  /// Sends all lines, and waits until the sender has received each.
  private func fill(_ server: RunningServer) throws {
    let subject = ChatServerSubject()
    let swarm = try Swarm(server, subject, count: 1, senders: 1, size: Self.size, checkEvery: 1)
    let rare: Set<Int> = [lines / 50, lines / 2, lines - lines / 50]
    var template = swarm.template(0)
    var said = 0
    try swarm.pump(within: .seconds(300)) {
      guard said < lines else { return swarm.hasHeard(swarm.members[0], upTo: [lines]) }
      guard swarm.members[0].hasSent else { return false }
      var bytes: [UInt8] = []
      for number in said..<min(lines, said + 1_024) {
        template.append(number, to: &bytes)
        guard rare.contains(number) else { continue }
        // The word replaces padding: the text keeps its length.
        let word = Array(" \(Self.word) ".utf8)
        let end = bytes.count - 2
        bytes.replaceSubrange(end - word.count..<end, with: word)
      }
      said = min(lines, said + 1_024)
      try swarm.say(bytes, from: 0)
      return false
    }
  }

  /// How long an answer takes, up to its last line.
  private func time(
    _ question: String, _ connection: LineConnection, expecting wanted: Int
  ) throws -> Double {
    let start = MonotonicTime.now
    try connection.send(question + "\n")
    var found = 0
    try connection.wait {
      if $0.hasPrefix("[ERROR]:") { throw BenchError("'\(question)' is answered '\($0)'") }
      guard $0.hasPrefix("[PAST]:") else { return false }
      if $0.hasPrefix("[PAST]:\t") { return $0.contains("\tend=1") }
      found += 1
      return false
    }
    let elapsed = (MonotonicTime.now - start) / .milliseconds(1)
    guard found == wanted else {
      throw BenchError("'\(question)' finds \(found) lines, not \(wanted)")
    }
    return elapsed
  }
}
