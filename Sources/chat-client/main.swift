import ChatClient
import ChatCrypto
import ChatFlags
import ChatSystem
import ChatTLS

Process.openStandardStreams()
CryptoLibrary.outliveMain()

// The parent may have blocked them, as threads of Dispatch do; then nothing would end this process.
Process.unblock(Process.endings + Process.hangups)
Process.takeEndingsAsFirst(Process.endings + Process.hangups)

do {
  switch try ClientOptions.parse(Process.arguments) {
  case .help: try StandardStream.output.write(Array(ClientOptions.help.utf8))
  case .version:
    try StandardStream.output.write(Array("chat-client \(ClientOptions.version)\n".utf8))
  case .run(let options):
    if let warning = KeyLog.start(Process.variable("SSLKEYLOGFILE")) {
      StandardStream.error.writeIfPossible("chat-client: \(warning)\n")
    }
    Process.exit(Client(options: options).run().rawValue)
  }
} catch let error as UsageError {
  StandardStream.error.writeIfPossible("chat-client: \(error.reason) (see chat-client --help)\n")
  Process.exit(2)
} catch {
  StandardStream.error.writeIfPossible("chat-client: \(error)\n")
  Process.exit(1)
}
