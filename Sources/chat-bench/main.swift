import ChatFlags
import ChatSystem
import Foundation

ChatSystem.Process.openStandardStreams()

do {
  let arguments = ChatSystem.Process.arguments.map { String(decoding: $0, as: UTF8.self) }
  // This program starts itself as one of the servers it measures, and as a process that disturbs them.
  if arguments.first == KernelBound.flag {
    try KernelBound.serve(Array(arguments.dropFirst()))
  } else if arguments.first == BusyDisk.flag {
    try BusyDisk.run(Array(arguments.dropFirst()))
  } else {
    switch try BenchOptions.parse(arguments) {
    case .help: StandardStream.output.writeIfPossible(BenchOptions.help)
    case .run(let options): try run(options)
    }
  }
} catch let usage as UsageError {
  StandardStream.error.writeIfPossible("chat-bench: \(usage.reason) (see chat-bench --help)\n")
  ChatSystem.Process.exit(2)
} catch {
  StandardStream.error.writeIfPossible("chat-bench: \(error)\n")
  ChatSystem.Process.exit(2)
}

/// Measures what is installed, and draws it.
func run(_ options: BenchOptions) throws {
  // All folders are made in the one for temporary files.
  setenv("TMPDIR", options.folder, 1)
  guard FileManager.default.isWritableFile(atPath: options.folder) else {
    throw UsageError("--folder: cannot write into \(options.folder)")
  }
  let fileSystem = Storage.fileSystem(of: options.folder) ?? "unknown"
  StandardStream.output.writeIfPossible("Data in \(options.folder), file system \(fileSystem)\n")
  ChatSystem.Process.raiseDescriptorLimit()
  try Interruption.running.watch()
  let subjects = BenchOptions.subjects.filter { subject in
    (options.servers.isEmpty || options.servers.contains(subject.name))
      && RunningServer.path(of: subject.program) != nil
  }
  let missing = BenchOptions.subjects.map(\.name).filter { name in
    !subjects.contains { $0.name == name }
  }
  if !missing.isEmpty {
    StandardStream.output.writeIfPossible("Left out: \(missing.joined(separator: ", "))\n")
  }
  var bench = Bench(
    subjects: subjects, runs: options.runs,
    workloads: options.workloads.isEmpty ? Set(Workload.allCases) : options.workloads,
    fileBytes: Int(options.fileBytes), date: Date.now.formatted(.iso8601.year().month().day()))
  bench.run()
  if let drawing = options.drawing {
    do { try bench.chart.svg.write(toFile: drawing, atomically: true, encoding: .utf8) } catch {
      throw UsageError("cannot write \(drawing): \(error)")
    }
  }
}
