import ChatPictures
import ChatSystem
import TestKit
import Testing

@Suite("PictureTool", .serialized)
struct PictureToolTests {
  private let folder = PictureFolder()
  private static let space = PictureSpace(
    terminalColumns: 80, cell: PictureSize(width: 10, height: 20))
  private static let picture = PictureSize(width: 640, height: 480)

  /// What the folder's chafa is made to write, or `nil`.
  private func drawing(
    of file: FilePath = "/tmp/picture", _ format: PictureTool.Format = .kitty,
    picture: PictureSize = Self.picture, patience: Duration = .seconds(30)
  ) throws -> String? {
    let tool = try #require(PictureTool(searchPath: FilePath(try folder.path), patience: patience))
    return tool.drawing(of: file, picture: picture, format: format, space: Self.space)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// A script's picture for kitty, which carries some words.
  private static func kitty(_ words: String) -> String {
    "printf '\\033_Ga=T,s=1,v=1,m=0;%s\\033\\\\' \(words)"
  }

  /// What the terminal gets of such a picture, scaled down to 15 rows or not.
  private static func shown(_ words: String, _ fit: String = ",r=15") -> String {
    "\u{1B}_Ga=T,s=1,v=1,m=0,q=2\(fit);\(words)\u{1B}\\"
  }

  @Test("it is found in an absolute folder of the path alone, and only if it can be run")
  func finding() throws {
    let path = try folder.path
    #expect(PictureTool(searchPath: FilePath(path)) == nil)
    #expect(PictureTool(searchPath: "") == nil)
    try folder.write([], to: "chafa")
    #expect(PictureTool(searchPath: FilePath(path)) == nil)
    try folder.program("exit 0")
    #expect(
      PictureTool(searchPath: FilePath("relative:::/nowhere:\(path):/"))?.path
        == FilePath("\(path)/chafa"))
    #expect(PictureTool(searchPath: ".") == nil)
    // A folder of that name is none.
    #expect(PictureTool(searchPath: FilePath("\(path)/chafa")) == nil)
  }

  @Test("its command line tells format and size, and no file name can be taken for an option")
  func arguments() throws {
    try folder.program(Self.kitty("\"$*\""))
    let still = "--font-ratio 1/1 --animate off --threads 1 --"
    #expect(
      try drawing() == Self.shown("--format kitty --size 50x37 \(still) /tmp/picture"))
    #expect(
      try drawing(of: "--version", picture: PictureSize(width: 5, height: 5))
        == Self.shown("--format kitty --size 1x1 \(still) ./--version", ""))
    try folder.program(#"printf '\033Pq"1;1;1;1%s\033\\' "$*""#)
    #expect(
      try drawing(of: "/tmp/x", .sixels)?.contains("--size 50x37") == true)
    try folder.program(#"printf %s "$4 $6" | cut -c1-30"#)
    #expect(try drawing(.symbols) == "40x15 10/20\u{1B}[0m")
    try folder.program(#"printf '\033Pq"1;1;1;1%s\033\\' "$*""#)
    #expect(
      try drawing(of: "-", .sixels)
        == "\u{1B}Pq\"1;1;1;1--format sixels --size 50x37 \(still) ./-\u{1B}\\")
  }

  @Test("a terminal of large cells is sent no more pixels than may be written")
  func largeCells() throws {
    try folder.program(Self.kitty("\"$4\""))
    let tool = try #require(PictureTool(searchPath: FilePath(try folder.path)))
    let cell = PictureSize(width: 32, height: 64)
    let drawing = tool.drawing(
      of: "picture", picture: PictureSize(width: 4_000, height: 1_000), format: .kitty,
      space: PictureSpace(terminalColumns: 80, cell: cell))
    // 60 by 15 times 8 by 8 pixels, a sixteenth of the space's own.
    #expect(drawing == Array(Self.shown("60x15", ",c=60").utf8))
  }

  @Test("it gets no input, no terminal, no descriptors and nothing of our environment")
  func surroundings() throws {
    try folder.program(
      """
      input=$(cat | wc -c)
      if (: < /dev/tty); then terminal=yes; else terminal=no; fi 2> /dev/null
      \(Self.kitty("\"$input $terminal $(readlink /proc/$$/fd/2) $(echo /proc/$$/fd/*) $(env)\""
        + " | tr '\\n' ' '"))
      """)
    let text = try #require(try drawing())
    #expect(text.contains(";0 no /dev/null /proc/"))
    #expect(!text.contains("HOME="))
    #expect(text.contains("TERM=xterm-256color"))
    // The shell has its script open as well.
    let numbers = text.split(separator: " ").filter { $0.hasPrefix("/proc/") }
      .compactMap { $0.split(separator: "/").last.flatMap { Int($0) } }
    #expect(Set(numbers).isSuperset(of: [0, 1, 2]))
    #expect(numbers.count <= 4)
  }

  @Test("signals that we ignore or block end it as they do by default")
  func signals() throws {
    Process.ignoreBrokenPipes()
    try folder.program(
      Self.kitty("\"$(grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t')\""))
    let fields = try #require(try drawing()).dropLast(2).split(separator: ":")
    try #require(fields.count == 3)
    let (blocked, ignored) = (UInt64(fields[1].prefix(16), radix: 16), UInt64(fields[2], radix: 16))
    #expect(blocked == 0)
    // Glibc has 32 and 33 for itself, and lets children ignore them.
    #expect(try #require(ignored) & 0x7FFF_FFFF == 0)
  }

  @Test("its memory is limited")
  func memory() throws {
    // The limit comes a moment after the start.
    try folder.program(
      "while [ $(ulimit -v) = unlimited ]; do :; done\n" + Self.kitty("$(ulimit -v)"))
    #expect(try drawing() == Self.shown("2097152"))
  }

  @Test(
    "a tool that fails draws nothing",
    arguments: [
      "exit 1", "kill -9 $$", "kill -SEGV $$", "exit 0", "echo no picture",
    ])
  func failure(script: String) throws {
    try folder.program("\(script.hasPrefix("echo") ? "" : Self.kitty("x"))\n\(script)")
    let expected = script == "exit 0" ? Self.shown("x") : nil
    #expect(try drawing() == expected)
  }

  @Test("a tool that can't be started draws nothing")
  func unstartable() throws {
    try folder.write(Array("#!/nowhere/sh\n".utf8), to: "chafa", permissions: 0o700)
    #expect(try drawing() == nil)
    try folder.write([0, 1, 2, 3], to: "chafa", permissions: 0o700)
    #expect(try drawing() == nil)
  }

  @Test("1 MiB is taken, more are not, and whoever writes them is ended")
  func tooMuch() throws {
    let most = PictureTool.mostBytes
    func picture(_ count: Int) -> [UInt8] {
      let (head, end) = (Array("\u{1B}_Ga=T,s=1,v=1;".utf8), Array("\u{1B}\\".utf8))
      return head + [UInt8](repeating: 0x41, count: count - head.count - end.count) + end
    }
    try folder.program(writing: picture(most))
    #expect(try drawing()?.utf8.count == most + ",q=2,r=15".utf8.count)
    try folder.program(writing: picture(most + 1))
    #expect(try drawing() == nil)
    try folder.program("cat /dev/zero")
    #expect(try drawing() == nil)
    try eventually("it has ended") { try folder.processes() == [] }
  }

  @Test(
    "a tool that takes too long is ended with all it started",
    arguments: [
      "sleep 1000", "exec >&-; sleep 1000", "sh -c 'sleep 1000; :' $0 & exit 0",
      "trap '' TERM INT HUP; while :; do sleep 1000; done", "kill -STOP $$",
    ])
  func tooLong(script: String) throws {
    try folder.program(Self.kitty("x") + "\n" + script)
    let start = MonotonicTime.now
    #expect(try drawing(patience: .milliseconds(300)) == nil)
    let elapsed = MonotonicTime.now - start
    #expect(elapsed >= .milliseconds(300))
    #expect(elapsed < .seconds(20))
    // A process that was killed may need a moment to be gone.
    try eventually("all have ended") { try folder.processes() == [] }
  }

  @Test("whatever it started in secret is ended when it ends well")
  func leftovers() throws {
    try folder.program(
      "sh -c 'sleep 1000; :' \"$0\" > /dev/null &\n" + Self.kitty("x"))
    #expect(try drawing() == Self.shown("x"))
    try eventually("all have ended") { try folder.processes() == [] }
  }

  @Test("many drawings leave neither descriptors nor zombies behind")
  func leaks() async {
    // In a process of its own: the other tests of this one open descriptors and start children meanwhile.
    await #expect(processExitsWith: .success) {
      let test = PictureToolTests()
      // The first one opens what the process keeps.
      try test.folder.program(Self.kitty("x"))
      _ = try test.drawing()
      let before = try PictureFolder.descriptors()
      for script in [Self.kitty("x"), "exit 1", "kill -9 $$", "exec >&-; sleep 1000"] {
        try test.folder.program(script)
        let patience: Duration = .milliseconds(script.count > 15 ? 20 : 10_000)
        for _ in 0..<30 { _ = try test.drawing(patience: patience) }
      }
      try test.folder.write([0], to: "chafa", permissions: 0o700)
      for _ in 0..<30 { #expect(try test.drawing() == nil) }
      let after = try PictureFolder.descriptors()
      #expect(after <= before, "\(before) descriptors before, \(after) after")
      let zombies = try PictureFolder.zombies()
      #expect(zombies == 0, "\(zombies) zombies")
    }
  }

  @Test("a real chafa, where there is one, draws within the space", .enabled(if: isInstalled))
  func real() throws {
    let tool = try #require(PictureTool.installed)
    let file = try folder.write(PictureSamples.pixel, to: "pixel.png")
    for format in [PictureTool.Format.kitty, .sixels, .symbols] {
      let drawing = tool.drawing(
        of: FilePath(file), picture: PictureSize(width: 1, height: 1), format: format,
        space: Self.space)
      #expect(try #require(drawing).count > 10)
    }
  }

  private static let isInstalled = PictureTool.installed != nil
}
