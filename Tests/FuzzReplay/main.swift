import ChatSystem
import FuzzTargets
import Glibc

// Runs files through a target as libFuzzer would, without it: `fuzz-replay TARGET PATH…`, each path a file or a
// folder of files. Each is named on standard error before its turn: what ends the process is the last of them.

guard CommandLine.arguments.count > 2, let target = FuzzTarget(rawValue: CommandLine.arguments[1])
else {
  StandardStream.error.writeIfPossible("Usage: fuzz-replay TARGET PATH…\n")
  exit(2)
}

// The client's own standard output is of no interest.
let report = dup(1)
dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1)

/// The files of a folder in order, or the file itself.
func files(at path: FilePath) -> [FilePath] {
  let entries = Folder.entries(of: path).filter { !$0.isFolder }.map { path.appending($0.name) }
  return entries.isEmpty ? [path] : entries.sorted { $0.text < $1.text }
}

var inputs = 0
for path in CommandLine.arguments.dropFirst(2).flatMap({ files(at: FilePath($0)) }) {
  StandardStream.error.writeIfPossible("\(path)\n")
  let file = try RegularFile(toRead: path)
  var bytes = [UInt8](repeating: 0, count: Int(try file.status().sizeBytes))
  _ = try file.read(into: &bytes, bytes.indices, at: 0)
  target.run(bytes)
  inputs += 1
}
let reached = Tally.text.isEmpty ? "" : ", \(Tally.text)"
let line = Array("\(target.rawValue): \(inputs) inputs\(reached)\n".utf8)
_ = write(report, line, line.count)
