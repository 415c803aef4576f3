internal import ChatClient
internal import ChatClientModel
internal import ChatCore
internal import ChatFlags
internal import ChatServer
internal import ChatSystem
internal import ChatTerminal

/// What a person types, and command lines. The input is a byte that says which, and the text.
enum InputTarget {
  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let choices = reader.byte()
    let bytes = Array(reader.rest)
    if choices & 1 == 0 {
      type(bytes)
      complete(TextCleaner.clean(bytes.span), quote: ["", "\"", "'"][Int(choices >> 1) % 3])
    } else {
      command(
        bytes.split(separator: 0, omittingEmptySubsequences: false).map {
          Array($0)
        })
    }
  }

  private static func type(_ line: [UInt8]) {
    let text = TextCleaner.clean(line.span)
    guard let nickname = try? Nickname("alice") else { return }
    switch TypedLine(line, home: Array("/home/me".utf8)) {
    case .send(let line):
      var queue = SendQueue(nickname: nickname)
      queue.append(line)
      var framer = LineFramer(limit: Limits.clientLineBytes)
      var lines: [ClientLine?] = []
      framer.feed(queue.take().span) { frame in
        switch frame {
        case .line(let line): lines.append(try? ClientLine(line, from: nickname))
        case .tooLong: lines.append(nil)
        case .bytes: break
        case .bytesEnd: break
        }
      }
      demand(!framer.isMidLine, "a line without an end")
      guard case .text = line else { return demand(lines.count <= 2, "\(text) is several lines") }
      // Text is never a command to the server.
      for case .some(let said) in lines {
        switch said {
        case .text, .blank: break
        default: demand(false, "\(text) means \(said)")
        }
      }
    case .get(let name): Demands.clean(Array(name.utf8), "the name of a wanted file")
    case .sendFiles(let paths): demand(!paths.isEmpty, "no files")
    case .cancel(let name): demand(name?.isEmpty != true, "a transfer without a name")
    case .leave, .display, .nothing: break
    }
  }

  /// What Tab makes of the name of a file is read as that name.
  private static func complete(_ text: String, quote: String) {
    let name = text.split(separator: "/").first.map { String($0.prefix(200)) } ?? ""
    // What is not shown is not completed; a hidden file has no name yet, and what combines with the quote
    // before it makes another character of it.
    guard let first = name.unicodeScalars.first, first.isASCII, first != ".", first != " ",
      first != "\t", !name.unicodeScalars.contains("\t"), name.unicodeScalars.count > 1
    else { return }
    let paths = PathCompletion(home: "/home/me") { _ in [.init(name)] }
    let completion = paths.complete(quote)
    guard !completion.isIdle else { return }
    let typed = quote + completion.insertion
    let words = ShellWords.split(Array(typed.utf8), home: Array("/home/me".utf8))
    demand(words == [Array(name.utf8)], "\(typed) is read as \(words ?? [])")
  }

  private static func command(_ arguments: [[UInt8]]) {
    for argument in arguments {
      // A host's name that begins with what combines with a bracket is none.
      guard let address = Address(String(decoding: argument, as: UTF8.self), defaultPort: 1),
        address.host.utf8.allSatisfy({ $0 < 0x80 })
      else { continue }
      let again = Address("\(address)", defaultPort: 2)
      demand(again == address, "\(address) is read as \(String(describing: again))")
    }
    do throws(UsageError) {
      _ = try ClientOptions.parse(arguments)
    } catch {
      demand(!error.reason.isEmpty, "no reason")
    }
    do throws(UsageError) {
      if case .run(let options) = try ServerOptions.parse(arguments, stateFolder: "/state") {
        demand(options.maxClients > 0, "no clients")
      }
    } catch {
      demand(!error.reason.isEmpty, "no reason")
    }
  }
}
