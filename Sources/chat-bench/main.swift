import ChatFlags
import ChatSystem
import Foundation

ChatSystem.Process.openStandardStreams()

let all: [any Subject] = [
  ChatServerSubject(), ChatServerSubject(hasHistory: false), NatsSubject(),
  IRCSubject(name: "inspircd"), IRCSubject(name: "ngircd"), NcatSubject(), TextbookSubject(),
]

let help = """
  Usage: chat-bench [FLAG]…
  Measures chat-server beside its peers, on 127.0.0.1 alone.

    --runs N        how often each is run, in turn (default 5)
    --only NAME     a workload; may be given several times (default: all):
  \(Workload.allCases.map { workload in
    "                      \(workload.rawValue)"
      + String(repeating: " ", count: 12 - workload.rawValue.count) + workload.meaning
  }.joined(separator: "\n"))
    --server NAME   a server; several times (default: those that are installed):
  \(all.map { "                      \"\($0.name)\"" }.joined(separator: "\n"))
    --file-size N   how large the file of 'files' is, at most 2G (default 1 GiB)
    --svg FILE      draw the throughput workloads' medians
    --help          show this

  """

do throws(UsageError) {
  var runs = 5
  var only: Set<Workload> = []
  var servers: Set<String> = []
  var fileBytes: UInt64 = 1 << 30
  var drawing: String?
  let arguments = ChatSystem.Process.arguments.map { String(decoding: $0, as: UTF8.self) }
  if arguments.first == KernelBound.flag {
    do { try KernelBound.serve(Array(arguments.dropFirst())) } catch {
      throw UsageError("\(error)")
    }
    ChatSystem.Process.exit(0)
  }
  var parser = FlagParser(arguments)
  while let item = try parser.next() {
    switch item {
    case .flag("--runs"): runs = try parser.integer(in: 1...100)
    case .flag("--server"):
      let name = try parser.value()
      guard all.contains(where: { $0.name == name }) else {
        throw UsageError("there is no server '\(name)'")
      }
      servers.insert(name)
    case .flag("--only"):
      let name = try parser.value()
      guard let workload = Workload(rawValue: name) else {
        throw UsageError("there is no workload '\(name)'")
      }
      only.insert(workload)
    case .flag("--file-size"):
      fileBytes = try parser.size()
      guard 1_000_000...2_000_000_000 ~= fileBytes else {
        throw UsageError("--file-size takes 1M to 2G")
      }
    case .flag("--svg"): drawing = try parser.value()
    case .flag("--help"):
      StandardStream.output.writeIfPossible(help)
      ChatSystem.Process.exit(0)
    case .flag: throw parser.unknownFlag
    case .operand(let word): throw UsageError("unexpected '\(word)'")
    }
  }
  ChatSystem.Process.raiseDescriptorLimit()
  do { try Interruption.running.watch() } catch { throw UsageError("\(error)") }
  let subjects = all.filter { subject in
    (servers.isEmpty || servers.contains(subject.name))
      && RunningServer.path(of: subject.program) != nil
  }
  let missing = all.map(\.name).filter { name in !subjects.contains { $0.name == name } }
  if !missing.isEmpty {
    StandardStream.output.writeIfPossible("Left out: \(missing.joined(separator: ", "))\n")
  }
  let date = Date.now.formatted(.iso8601.year().month().day())
  var bench = Bench(
    subjects: subjects, runs: runs, workloads: only.isEmpty ? Set(Workload.allCases) : only,
    fileBytes: Int(fileBytes), date: date)
  bench.run()
  if let drawing {
    do { try bench.chart.svg.write(toFile: drawing, atomically: true, encoding: .utf8) } catch {
      throw UsageError("cannot write \(drawing): \(error)")
    }
  }
} catch {
  StandardStream.error.writeIfPossible("chat-bench: \(error.reason) (see chat-bench --help)\n")
  ChatSystem.Process.exit(2)
}
