import ChatPictures
import ChatSystem
import Foundation
import TestKit
import Testing

@Suite("Picture")
struct PictureTests {
  private let folder = PictureFolder()

  private func drawing(
    _ bytes: [UInt8], _ ways: Set<PictureCapabilities.Way>, tool: PictureTool? = nil
  ) throws -> PictureDrawing? {
    let path = try folder.write(bytes, to: "file")
    return Picture.drawing(
      path: FilePath(path), capabilities: PictureCapabilities(ways: ways), columns: 80, tool: tool)
  }

  @Test("what is no image, or can't be read, is nothing")
  func nothing() throws {
    #expect(try drawing([], [.kitty]) == nil)
    #expect(try drawing(Array("hello\n".utf8), [.kitty]) == nil)
    let folder = try folder.path
    let link = "\(folder)/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "\(folder)/file")
    _ = try drawing(PictureSamples.pixel, [])
    let pipe = "\(folder)/pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    for path in [link, pipe, folder, "/dev/zero", "\(folder)/missing", ""] {
      #expect(
        Picture.drawing(
          path: FilePath(path), capabilities: PictureCapabilities(ways: [.kitty]), columns: 80,
          tool: nil)
          == nil)
    }
  }

  @Test("a terminal that can't show pictures gets words")
  func words() throws {
    for (kind, bytes) in PictureSamples.all {
      #expect(try drawing(bytes, []) == .words("\(kind.rawValue) image, 640 x 480"))
    }
    #expect(try drawing(PictureSamples.gif(640, 480), [.kitty]) == .words("GIF image, 640 x 480"))
    #expect(try drawing(PictureSamples.png(640, 480), [.sixel]) == .words("PNG image, 640 x 480"))
  }

  @Test("kitty gets a PNG as it is, iTerm2 any file")
  func direct() throws {
    let png = PictureSamples.pixel
    #expect(
      try drawing(png, [.kitty, .iterm2])
        == .bytes(PictureEncoder.kitty(png: png, fit: .natural)))
    for (_, bytes) in PictureSamples.all {
      #expect(
        try drawing(bytes, [.iterm2, .sixel])
          == .bytes(PictureEncoder.iterm2(file: bytes, fit: .rows(15))))
    }
    // What kitty doesn't take goes the other way, without a tool.
    let gif = PictureSamples.gif(10, 10)
    #expect(
      try drawing(gif, [.kitty, .iterm2])
        == .bytes(PictureEncoder.iterm2(file: gif, fit: .natural)))
  }

  @Test("the tool draws the rest, and if it fails there are words")
  func tool() throws {
    try folder.program(#"test "$2" = kitty && printf '\033_Ga=T,s=1,v=1;AAAA\033\\'"#)
    let tool = PictureTool(searchPath: FilePath(try folder.path))
    let gif = PictureSamples.gif(640, 480)
    #expect(
      try drawing(gif, [.kitty], tool: tool)
        == .bytes(Array("\u{1B}_Ga=T,s=1,v=1,q=2,r=15;AAAA\u{1B}\\".utf8)))
    #expect(try drawing(gif, [.sixel], tool: tool) == .words("GIF image, 640 x 480"))
    #expect(try drawing(gif, [], tool: tool) == .words("GIF image, 640 x 480"))
    #expect(try drawing(Array("hello".utf8), [.kitty], tool: tool) == nil)
  }

  @Test("a terminal without graphics that has answered gets characters, others words")
  func symbols() throws {
    try folder.program(#"test "$2" = symbols && printf '\033[31m##\n'"#)
    let tool = PictureTool(searchPath: FilePath(try folder.path))
    let gif = PictureSamples.gif(640, 480)
    let characters = PictureDrawing.bytes(Array("\u{1B}[31m##\u{1B}[0m".utf8))
    #expect(try drawing(gif, [], tool: tool) == characters)
    #expect(try drawing(gif, [.kitty], tool: tool) == .words("GIF image, 640 x 480"))
    #expect(try drawing(gif, []) == .words("GIF image, 640 x 480"))
    let path = try folder.write(gif, to: "file")
    #expect(
      Picture.drawing(
        path: FilePath(path), capabilities: PictureCapabilities(), columns: 80, tool: tool)
        == .words("GIF image, 640 x 480"))
  }

  @Test("an absurd picture and a file over 16 MiB are told in words")
  func tooLarge() throws {
    #expect(
      try drawing(PictureSamples.png(65_536, 1), [.kitty]) == .words("PNG image, 65536 x 1"))
    #expect(try drawing(PictureSamples.png(0, 0), [.iterm2]) == .words("PNG image, 0 x 0"))
    #expect(
      try drawing(Array(PictureSamples.png(1, 1).prefix(20)), [.kitty]) == .words("PNG image"))
    let path = try folder.write(PictureSamples.pixel, to: "large")
    try folder.program(#"printf '\033_Ga=T,s=1,v=1;AAAA\033\\'"#)
    let tool = PictureTool(searchPath: FilePath(try folder.path))
    for (bytes, tool, isShown) in [
      (Picture.mostDirectBytes, nil, true), (Picture.mostDirectBytes + 1, nil, false),
      (Picture.mostBytes, tool, true), (Picture.mostBytes + 1, tool, false),
    ] {
      try #require(truncate(path, bytes) == 0)
      let drawing = Picture.drawing(
        path: FilePath(path), capabilities: PictureCapabilities(ways: [.kitty]), columns: 80,
        tool: tool)
      #expect((drawing == .words("PNG image, 1 x 1")) != isShown)
      if case .bytes(let sent) = drawing { #expect(sent.count <= Picture.mostSentBytes) }
    }
  }

  @Test("a JPEG whose size lies beyond the first 64 KiB is read on")
  func farHeader() throws {
    let bytes = PictureSamples.jpeg(640, 480, before: [65_533, 65_533])
    #expect(try drawing(bytes, []) == .words("JPEG image, 640 x 480"))
  }
}
