import TestKit

/// Some people who do all that makes lines, each on a thread, until the server is gone.
struct Company {
  private let server: TestServer
  private let ledger: Ledger
  private let round: Int
  private let cast: Cast

  init(_ server: TestServer, _ ledger: Ledger, round: Int) {
    (self.server, self.ledger, self.round) = (server, ledger, round)
    cast = Cast(ledger)
  }

  /// A line that is said once: some 500 bytes.
  static func text(_ round: Int, _ number: Int) -> String {
    "round \(round) line \(number) \(String(repeating: "x", count: 480))"
  }

  /// A file whose name says what is in it.
  static func file(_ round: Int, _ number: Int) -> FileScript {
    file(named: "\(round)-\(number).bin")
  }

  /// The same, by its name.
  static func file(named name: String) -> FileScript {
    let numbers = name.dropLast(4).split(separator: "-").compactMap { UInt64($0) }
    let seed = 1_000_003 * (numbers.first ?? 0) + (numbers.last ?? 0)
    return FileScript("\(numbers.last ?? 0)", name, size: Int(seed % 7_919) + 1, seed: seed)
  }

  /// Lets them begin: two speak and two read in the lobby, two speak in a room with a name, one makes a private room, one
  /// goes from room to room, one sends files.
  ///
  /// All are connected when this returns: once the server is gone, another may have its port.
  func start() throws {
    for (name, room) in [("a", "lobby"), ("b", "lobby"), ("c", "#named"), ("d", "#named")] {
      try start(name, room) { try speak($0) }
    }
    for name in ["e", "f"] { try start(name, "lobby") { while true { try $0.receive() } } }
    try start("g", "lobby") { walker in
      try walker.go(to: nil)
      try speak(walker)
    }
    try start("h", "lobby") { walker in
      for number in 0... {
        try walker.talk([Self.text(round, number)])
        try walker.go(to: number % 5 == 4 ? nil : ["#named", "#\(round)", "lobby"][number % 3])
      }
    }
    try start("i", "lobby") { walker in
      for number in 0... {
        try walker.upload(Self.file(round, number))
        if number % 3 == 2 { try walker.go(to: number % 2 == 0 ? "#named" : "lobby") }
      }
    }
  }

  /// Has somebody enter a private room of which only its code is known, and speak there.
  func startGuest(in code: String) throws {
    let guest = try Walker(server, as: "guest", room: code, ledger: ledger)
    cast.start("guest") { try speak(guest) }
  }

  /// Waits until all have noticed that the server is gone.
  func waitForEnd() throws { try cast.waitForAll() }

  private func start(
    _ name: String, _ room: String, _ body: @escaping (Walker) throws -> Void
  ) throws {
    let socket = try server.connect()
    cast.start(name) {
      try body(try Walker(socket, as: name, room: room, ledger: ledger))
    }
  }

  private func speak(_ walker: Walker) throws {
    var number = 0
    while true {
      try walker.talk((0..<10).map { Self.text(round, number + $0) })
      number += 10
    }
  }
}
