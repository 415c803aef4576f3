import ChatClient
import ChatFlags
import ChatSystem

Process.openStandardStreams()

// Whoever started this may have blocked them, as threads of Dispatch have; then nothing would end it.
Process.unblock(Process.endings + Process.hangups)
Process.takeEndingsAsFirst(Process.endings + Process.hangups)

do {
  switch try ClientOptions.parse(Process.arguments) {
  case .help: StandardStream.output.writeIfPossible(ClientOptions.help)
  case .version: StandardStream.output.writeIfPossible("chat-client \(ClientOptions.version)\n")
  case .run(let options): Process.exit(Client(options: options).run().rawValue)
  }
} catch {
  StandardStream.error.writeIfPossible("chat-client: \(error.reason) (see chat-client --help)\n")
  Process.exit(2)
}
