import ChatCore
import ChatCrypto
import ChatFlags
import ChatHistory
import ChatServer
import ChatSystem
import ChatTLS

Process.openStandardStreams()
CryptoLibrary.outliveMain()
// A signal that arrives while the server starts stays pending until it is handled.
let awaited = Process.endings + [Process.hangup]
Process.block(awaited)

do {
  let command = try ServerOptions.parse(
    Process.arguments, stateFolder: Process.stateFolder(for: "chat-server"))
  if case .run = command {} else { Process.unblock(awaited) }
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

/// Serves until a signal asks to stop; a second one ends the process at once.
func run(_ options: ServerOptions) throws {
  MemoryReserve.saveAddressSpace()
  Process.ignoreBrokenPipes()
  Process.ignoreFileSizeLimit()
  let log = EventLog(level: options.logLevel)
  if let warning = KeyLog.start(Process.variable("SSLKEYLOGFILE")) { log.warning(warning) }
  let descriptors = Process.raiseDescriptorLimit()
  if descriptors < options.maxClients + ServerOptions.otherDescriptors {
    log.warning(
      "the system allows \(descriptors) open files, too few for --max-clients \(options.maxClients)"
    )
  }
  let server = try Server(options: options, log: log)
  let ownAddresses = Address.ofThisMachine(port: server.addresses.first?.port ?? 0)
  let message = StartMessage(
    addresses: server.addresses, ownAddresses: ownAddresses,
    dataFolder: options.dataFolder, fingerprint: server.fingerprint, needsTLS: options.needsTLS,
    program: Process.program.text)
  // Standard error may be a pipe that nobody reads.
  _ = StandardStream.error.writeIfReady(message.text)
  let code = JoinCode.text(
    options, at: ReachableAddresses(listening: server.addresses, own: ownAddresses),
    columns: (try? TerminalMode(of: .error))?.columns)
  if let code { _ = StandardStream.error.writeIfReady(code) }
  for failure in server.failures { log.warning("\(failure)") }
  if server.addresses.count > 1 {
    log.info("listening on \(server.addresses.map(\.description).joined(separator: ", "))")
  }
  if !options.needsTLS, !server.addresses.allSatisfy(\.isLoopback) {
    log.info("other machines can connect without TLS, too (--tls-only: with TLS alone)")
  }
  try server.start()
  if let address = server.addresses.first {
    let scheme = options.needsTLS && !address.isLoopback ? "https" : "http"
    let page = options.servesHTTP ? "web \(scheme)://\(address)/\n" : ""
    try StandardStream.output.write(Array("chat \(address)\n\(page)".utf8))
  }
  while Process.waitForSignal(awaited) == Process.hangup {
    do {
      try server.reloadCertificate()
      log.info("SIGHUP: the certificate was read again; its key is \(server.fingerprint)")
    } catch {
      log.error("SIGHUP: the certificate is as before: \(error)")
    }
  }
  Process.takeEndingsAsFirst(Process.endings)
  Process.unblock(Process.endings)
  log.info("stopping")
  server.stop()
}
