import ChatFlags
import ChatSystem

let help = """
  Usage: chat-bench [FLAG]…
  Measures chat-server beside its peers, on 127.0.0.1 alone.

    --runs N        how often each is run, in turn (default 5)
    --only NAME     a workload: \(Bench.names.joined(separator: ", "));
                    may be given several times (default: all)
    --server NAME   a server: chat-server, nats-server, inspircd, ngircd,
                    "textbook Python"; several times (default: those that are
                    installed)
    --help          show this

  """

do throws(UsageError) {
  var runs = 5
  var only: Set<String> = []
  var servers: Set<String> = []
  var parser = FlagParser(Array(CommandLine.arguments.dropFirst()))
  while let item = try parser.next() {
    switch item {
    case .flag("--runs"): runs = try parser.integer(in: 1...100)
    case .flag("--server"): servers.insert(try parser.value())
    case .flag("--only"):
      let name = try parser.value()
      guard Bench.names.contains(name) else { throw UsageError("there is no workload '\(name)'") }
      only.insert(name)
    case .flag("--help"):
      StandardStream.output.writeIfPossible(help)
      Process.exit(0)
    case .flag: throw parser.unknownFlag
    case .operand(let word): throw UsageError("unexpected '\(word)'")
    }
  }
  Process.raiseDescriptorLimit()
  do { try Interruption.running.watch() } catch { throw UsageError("\(error)") }
  let all: [any Subject] = [
    ChatServerSubject(), NatsSubject(), IRCSubject(name: "inspircd"), IRCSubject(name: "ngircd"),
    TextbookSubject(),
  ]
  let subjects = all.filter { subject in
    (servers.isEmpty || servers.contains(subject.name))
      && RunningServer.path(of: subject.program) != nil
  }
  let missing = all.map(\.name).filter { name in !subjects.contains { $0.name == name } }
  if !missing.isEmpty {
    StandardStream.output.writeIfPossible("Left out: \(missing.joined(separator: ", "))\n")
  }
  Bench(
    subjects: subjects, runs: runs, workloads: only.isEmpty ? Set(Bench.names) : only
  ).run()
} catch {
  StandardStream.error.writeIfPossible("chat-bench: \(error.reason) (see chat-bench --help)\n")
  Process.exit(2)
}
