import ChatClientModel
import ChatCore
import Testing

@Suite("FileLookups")
struct FileLookupsTests {
  private static func offer(
    _ id: String, _ name: String = "a.png", from sender: String = "bob"
  ) -> SharedFile {
    SharedFile(
      id: id, name: name, sender: sender, sizeBytes: 5,
      digest: SHA256Digest(InlineArray(repeating: 0)))
  }

  /// A file of a list.
  private static func list(
    _ lookups: inout FileLookups, _ offer: SharedFile, isOwn: Bool
  ) -> [FileLookups.Step]? {
    lookups.list(offer, time: "T", nickname: "alice", isOwn: isOwn)
  }

  // `#expect` takes no call that changes a value.

  private static func get(_ lookups: inout FileLookups, _ choice: String) -> FileLookups.Step {
    lookups.get(choice)
  }

  private static func end(_ lookups: inout FileLookups, isOwn: Bool) -> [FileLookups.Step] {
    lookups.listEnd(isOwn: isOwn)
  }

  @Test("a file that was offered or listed is fetched without a question")
  func known() {
    var lookups = FileLookups()
    lookups.remember(Self.offer("k3Fq9Z"))
    #expect(Self.get(&lookups, "k3Fq9Z") == .fetch(Self.offer("k3Fq9Z")))
    for id in ["abcd1", "abcd2", "wxyz1"] {
      #expect(Self.list(&lookups, Self.offer(id), isOwn: false) == nil)
    }
    #expect(Self.get(&lookups, "wxyz") == .ask("wxyz"))
    _ = lookups.removeAll()
    let files = ["abcd1", "abcd2", "wxyz1"].map {
      TransferNotice.Listed(Self.offer($0), time: "T")
    }
    #expect(Self.end(&lookups, isOwn: false) == [.display(files)])
    #expect(Self.get(&lookups, "wxyz") == .fetch(Self.offer("wxyz1")))
    #expect(lookups.isEmpty)
    // Of two that begin alike it has to ask, and so of one too short.
    #expect(Self.get(&lookups, "abcd") == .ask("abcd"))
    #expect(Self.get(&lookups, "wxy") == .ask("wxy"))
  }

  @Test("an unknown id is asked for, then looked for as a name; the newest of the name is fetched")
  func name() {
    var lookups = FileLookups()
    #expect(Self.get(&lookups, "photo") == .ask("photo"))
    let steps1 = lookups.refused("no such file")
    #expect(steps1 == [.ask("")])
    let (newer, older) = (Self.offer("n", "photo"), Self.offer("o", "photo"))
    for offer in [newer, Self.offer("x"), older] {
      #expect(Self.list(&lookups, offer, isOwn: true) == [])
    }
    #expect(Self.end(&lookups, isOwn: true) == [.fetchNewest(newer, of: 2)])
    #expect(lookups.isEmpty)
  }

  @Test("what can't be an id is looked for as a name at once, and missing is an error")
  func missing() {
    var lookups = FileLookups()
    #expect(Self.get(&lookups, "my photo.png") == .ask(""))
    #expect(
      Self.end(&lookups, isOwn: true)
        == [.fail("my photo.png", reason: "there is no such file in this room")])
    #expect(Self.get(&lookups, "k3Fq") == .ask("k3Fq"))
    let steps2 = lookups.refused("gone")
    #expect(steps2 == [.ask("")])
    #expect(Self.end(&lookups, isOwn: true) == [.fail("k3Fq", reason: "gone")])
  }

  @Test("files of the gap are asked for again; uploads wait until it is known what arrived")
  func gap() {
    var lookups = FileLookups()
    let line = { ServerLine.room(.sent(by: $0, file: "a.png", size: "5 B")) }
    lookups.missed(line("alice"), file: "mine", nickname: "alice", acceptsAny: false)
    lookups.missed(line("bob"), file: "his", nickname: "alice", acceptsAny: true)
    lookups.missed(line("bob"), file: "other", nickname: "alice", acceptsAny: false)
    let steps3 = lookups.resume()
    #expect(steps3 == ["mine", "his"])
    #expect(lookups.holdsTransfers)
    let mine = Self.offer("mine", from: "alice")
    #expect(Self.list(&lookups, mine, isOwn: true) == [.arrived(mine)])
    #expect(Self.end(&lookups, isOwn: true) == [])
    #expect(Self.list(&lookups, Self.offer("his"), isOwn: true) == [.offered(Self.offer("his"))])
    #expect(Self.end(&lookups, isOwn: true) == [.resumeTransfers])
    #expect(!lookups.holdsTransfers)
  }

  @Test("a file whose offer was cut off is the first of its sender and name in the list")
  func unnamed() {
    var lookups = FileLookups()
    lookups.follow(.room(.sent(by: "bob", file: "a.png", size: "5 B")))
    lookups.follow(.control(.ping(token: "x")))
    lookups.interrupt()
    let steps4 = lookups.resume()
    #expect(steps4 == [""])
    #expect(Self.list(&lookups, Self.offer("c", from: "carol"), isOwn: true) == [])
    #expect(Self.list(&lookups, Self.offer("n"), isOwn: true) == [.offered(Self.offer("n"))])
    #expect(Self.list(&lookups, Self.offer("o"), isOwn: true) == [])
    #expect(Self.end(&lookups, isOwn: true) == [.resumeTransfers])
    lookups.follow(.room(.sent(by: "bob", file: "a.png", size: "5 B")))
    lookups.follow(.room(.said(by: "bob", text: "hi")))
    lookups.interrupt()
    #expect(lookups.isEmpty)
  }

  @Test("what a person wants is named when all questions are given up")
  func giveUp() {
    var lookups = FileLookups()
    _ = lookups.get("k3Fq")
    _ = lookups.get("my photo.png")
    lookups.missed(
      .room(.sent(by: "bob", file: "a.png", size: "5 B")), file: "his", nickname: "alice",
      acceptsAny: true)
    let steps5 = lookups.removeAll()
    #expect(steps5 == ["k3Fq", "my photo.png"])
    #expect(lookups.isEmpty)
  }
}
