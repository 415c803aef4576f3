import ChatSystem

// Sends every WebSocket message back: what the Autobahn test suite is run against. `ws-echo [PORT]` says its address.
let port = CommandLine.arguments.dropFirst().first.flatMap { UInt16($0) } ?? 0
let listener = try Listener(on: Address(host: "127.0.0.1", port: port))
StandardStream.output.writeIfPossible("\(listener.address)\n")
while let accepted = try listener.accept() {
  accepted.stream.sendAtOnce()
  try SystemThread.start(named: "echo") { try? Echo(accepted.stream).run() }
}
