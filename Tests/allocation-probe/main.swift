import AllocationCounter
import ChatServer
import ChatSystem

// Counts what the server allocates for a line that one says and 50 hear: what 2N lines take more than N, so
// that what is made once does not count. Prints `one-at-a-time FIGURE` and `bulk FIGURE`, a line each.

do {
  var options = ServerOptions()
  options.port = 0
  options.rate = 0
  let server = try Server(options: options, log: EventLog(level: .error))
  try server.start()
  let audience = try Audience(address: server.addresses[0], readers: 50)
  let line = [UInt8](repeating: UInt8(ascii: "x"), count: 63) + [UInt8(ascii: "\n")]

  /// Allocations while so many lines are said and heard.
  func allocations(_ lines: Int, atOnce: Int) throws -> Int {
    let before = allocation_count()
    try audience.say(line, count: lines, atOnce: atOnce)
    return allocation_count() - before
  }

  for (name, lines, atOnce) in [("one-at-a-time", 2_000, 1), ("bulk", 200_000, 1_000)] {
    // What grows with use has grown.
    _ = try allocations(lines, atOnce: atOnce)
    let once = try allocations(lines, atOnce: atOnce)
    let twice = try allocations(2 * lines, atOnce: atOnce)
    let perLine = Double(twice - once) / Double(lines)
    try StandardStream.output.write(Array("\(name) \(perLine)\n".utf8))
  }
} catch {
  StandardStream.error.writeIfPossible("allocation-probe: \(error)\n")
  Process.exit(1)
}
