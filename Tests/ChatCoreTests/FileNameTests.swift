import ChatCore
import Testing

@Suite("FileName and ByteCount")
struct FileNameTests {
  @Test("a name is the last component, cleaned")
  func names() throws {
    for (raw, name) in [
      ("photo.png", "photo.png"), ("a..b.pdf", "a..b.pdf"), ("../x", "x"),
      ("/etc/passwd", "passwd"),
      ("C:\\dir\\x.txt", "x.txt"), (".ssh/authorized_keys", "authorized_keys"),
      (".bashrc", ".bashrc"),
      ("a\u{0}b", "a\u{FFFD}b"), ("\u{1B}[31mred", "\u{FFFD}[31mred"),
      ("x\u{202E}gpj.exe", "x\u{FFFD}gpj.exe"),
      ("a\tb\u{A0} c", "a b c"), ("  a  ", "a"), ("a\u{200B}b", "a\u{FFFD}b"),
      ("a\u{2028}b", "a\u{FFFD}b"),
      ("👩\u{200D}👩\u{200D}👧.png", "👩\u{200D}👩\u{200D}👧.png"), ("a\u{200D}b", "a\u{FFFD}b"),
    ] {
      #expect(try FileName(raw).text == name)
      #expect(FileName(from: raw).text == name)
    }
  }

  @Test(
    "what is no name is refused, and a receiver makes one of it",
    arguments: ["", ".", "..", "x/", "a/..", " "])
  func none(raw: String) {
    #expect(throws: Refusal.self) { try FileName(raw) }
    #expect(FileName(from: raw).text == "file")
  }

  @Test("no name is longer than a file system takes")
  func long() throws {
    #expect(try FileName(String(repeating: "x", count: 255)).text.utf8.count == 255)
    #expect(throws: Refusal.self) { try FileName(String(repeating: "x", count: 256)) }
    let name = FileName(from: String(repeating: "é", count: 300) + ".png")
    #expect(name.text.utf8.count == 254)
    #expect(name.text.hasSuffix("é.png"))
    #expect(name.received(1).utf8.count <= 255)
    #expect(name.received(12).hasSuffix(" (12).png"))
    #expect(name.received(12).utf8.count <= 255)
    #expect(
      FileName(from: "a" + String(repeating: "\u{301}", count: 200)).received(1).utf8.count <= 255)
  }

  @Test("a name that is cut at a space has none at its end")
  func cutAtASpace() throws {
    let words = FileName(from: String(repeating: "abcd ", count: 60))
    #expect(words.text.utf8.count == 254 && words.text.hasSuffix("abcd"))
    #expect(try FileName(words.text) == words)
    for number in [1, 2, 12, 123] {
      let saved = words.received(number)
      #expect(!saved.hasSuffix(" ") && !saved.contains("  "), "\(saved.suffix(12))")
      #expect(FileName(from: saved).text == saved)
    }
    // Before an extension as well.
    let text = FileName(from: "x" + String(repeating: "abcd ", count: 60) + ".txt").text
    #expect(text.hasSuffix("abcd.txt"), "\(text.suffix(12))")
  }

  @Test("what it is saved as")
  func received() {
    #expect(FileName(from: "photo.png").received(1) == "received_photo.png")
    #expect(FileName(from: "photo.png").received(2) == "received_photo (2).png")
    for (name, second) in [
      ("report", "received_report (2)"), (".bashrc", "received_.bashrc (2)"),
      ("a.tar.gz", "received_a (2).tar.gz"), (".tar.gz", "received_.tar (2).gz"),
      ("v1.2 of it", "received_v1.2 of it (2)"), ("a.", "received_a. (2)"),
      ("a.averylongextension", "received_a.averylongextension (2)"),
      ("日.txt", "received_日 (2).txt"),
    ] {
      #expect(FileName(from: name).received(2) == second)
    }
  }

  @Test("where a folder takes no such name there is one near it")
  func substitutes() {
    for (name, substitutes) in [
      ("photo.png", []), ("a:b?*\"<>|.txt", ["a_b______.txt", "a_b______.txt"]),
      ("notes. .", ["notes___", "notes___"]), ("é?", ["é_", "__"]), ("é", ["_"]),
      ("con.txt", ["_con.txt", "_con.txt"]), ("LPT1", ["_LPT1", "_LPT1"]), ("com", []),
      ("...", ["___", "___"]),
      (
        String(repeating: "x", count: 200) + ".txt",
        [String(repeating: "x", count: 116) + ".txt", String(repeating: "x", count: 56) + ".txt"]
      ),
    ] {
      #expect(FileName(from: name).substitutes.map(\.text) == substitutes, "\(name)")
    }
  }

  @Test("sizes for people")
  func sizes() {
    for (bytes, text): (UInt64, String) in [
      (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_549, "1.5 kB"), (9_949, "9.9 kB"),
      (9_950, "10 kB"), (48_213, "48 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"),
      (107_374_182, "107 MB"), (.max, "18 EB"),
    ] {
      #expect(ByteCount.text(bytes) == text)
    }
  }
}
