import ChatCore
import ChatFlags
import ChatHistory
import ChatServer
import ChatSystem

Process.openStandardStreams()

do {
  let command = try ServerOptions.parse(
    Process.arguments, stateFolder: Process.stateFolder(for: "chat-server"))
  switch command {
  case .help: try StandardStream.output.write(Array(ServerOptions.help.utf8))
  case .version:
    try StandardStream.output.write(Array("chat-server \(ServerOptions.version)\n".utf8))
  case .run(let options): try run(options)
  case .export(let options):
    try HistoryExport.run(
      folder: options.folder, room: options.room.text, format: options.format
    ) { bytes throws(SystemError) in try StandardStream.output.write(bytes) }
  }
} catch let error as UsageError {
  StandardStream.error.writeIfPossible("chat-server: \(error.reason) (see chat-server --help)\n")
  Process.exit(2)
} catch {
  StandardStream.error.writeIfPossible("chat-server: \(error)\n")
  Process.exit(1)
}

/// Serves until a signal asks to end; a second one ends the process as signals do.
func run(_ options: ServerOptions) throws {
  MemoryReserve.saveAddressSpace()
  Process.ignoreBrokenPipes()
  Process.ignoreFileSizeLimit()
  Process.block(Process.endings)
  let log = EventLog(level: options.logLevel)
  let descriptors = Process.raiseDescriptorLimit()
  if descriptors < options.maxClients + ServerOptions.otherDescriptors {
    log.warning(
      "the system allows \(descriptors) open files, too few for --max-clients \(options.maxClients)"
    )
  }
  let server = try Server(options: options, log: log)
  let message = StartMessage(
    addresses: [server.address],
    ownAddresses: Address.ofThisMachine(port: server.address.port),
    dataFolder: options.dataFolder, program: Process.program.text)
  // A reader that has stopped holds nobody up.
  _ = StandardStream.error.writeIfReady(message.text)
  if !server.address.isLoopback {
    log.warning("other machines can connect, and nothing is encrypted")
  }
  try server.start()
  try StandardStream.output.write(Array("chat \(server.address)\n".utf8))
  _ = Process.waitForSignal(Process.endings)
  Process.unblock(Process.endings)
  log.info("stopping")
  server.stop()
}
