/// Takes the pictures out of what a tool wrote, and nothing else.
///
/// The tool has read an untrusted file. Only whole sequences of the requested kind, of printable bytes and of at most
/// as many pixels as the space has, go to the terminal. What surrounds them (line ends, hiding of the cursor) is left
/// out.
package struct PictureToolOutput {
  /// The requested format.
  let format: PictureTool.Format
  /// The space for the picture.
  let space: PictureSpace
  /// How the terminal is told to fit it in, where the terminal does.
  let fit: PictureSpace.Fit

  /// Makes a filter for a requested format.
  package init(format: PictureTool.Format, space: PictureSpace, fit: PictureSpace.Fit) {
    (self.format, self.space, self.fit) = (format, space, fit)
  }

  /// The pictures in a tool's output, one after another.
  ///
  /// - Returns: `nil` if there is none, or one that is incomplete or too large.
  package func pictures(in output: [UInt8]) -> [UInt8]? {
    let introducer = Array((format == .sixels ? "\u{1B}P" : "\u{1B}_G").utf8)
    let terminator = Array("\u{1B}\\".utf8)
    let printable: ClosedRange<UInt8> = 0x20...0x7E
    var found: [UInt8] = []
    var rest = output[...]
    while let escape = rest.firstIndex(of: 0x1B) {
      rest = rest[escape...]
      guard rest.starts(with: introducer) else {
        rest = rest.dropFirst()
        continue
      }
      let body = rest.dropFirst(introducer.count).prefix { printable.contains($0) }
      rest = output[body.endIndex...]
      let head = format == .sixels ? sixelHead(body) : kittyHead(body, isFirst: found.isEmpty)
      guard rest.starts(with: terminator), let head else { return nil }
      found.append(contentsOf: introducer)
      found.append(contentsOf: head.bytes)
      found.append(contentsOf: body.dropFirst(head.replaced))
      found.append(contentsOf: terminator)
      rest = rest.dropFirst(terminator.count)
    }
    return found.isEmpty ? nil : found
  }

  /// The start of a sequence, and how many of its bytes it replaces.
  private typealias Head = (bytes: [UInt8], replaced: Int)

  /// The keys of one of kitty's sequences. The first one has the size in pixels, s and v. Its cells, c and r, are the
  /// tool's guess and are replaced; the terminal must not answer (q=2).
  private func kittyHead(_ body: ArraySlice<UInt8>, isFirst: Bool) -> Head? {
    // Longer than all keys together, and shorter than a chunk: base64 follows.
    let head = body.prefix(256).prefix { $0 != UInt8(ascii: ";") }
    guard isFirst else { return (Array(head), head.count) }
    var keys = String(decoding: head, as: UTF8.self).split(separator: ",").map(String.init)
    guard keys.contains("a=T"), isWithin(space.pixels.width, keys, "s="),
      isWithin(space.pixels.height, keys, "v=")
    else { return nil }
    keys.removeAll { ["c=", "r=", "q="].contains($0.prefix(2)) }
    keys.append("q=2")
    switch fit {
    case .natural: break
    case .columns(let columns): keys.append("c=\(columns)")
    case .rows(let rows): keys.append("r=\(rows)")
    }
    return (Array(keys.joined(separator: ",").utf8), head.count)
  }

  /// Whether a key is there once, with a number from 1 to a limit.
  private func isWithin(_ limit: Int, _ keys: [String], _ name: String) -> Bool {
    let values = keys.filter { $0.hasPrefix(name) }.map { Int($0.dropFirst(name.count)) ?? 0 }
    return values.count == 1 && values.allSatisfy { $0 >= 1 && $0 <= limit }
  }

  /// `q " Pan ; Pad ; WIDTH ; HEIGHT`: the raster attributes (VT330/VT340 Programmer Reference,
  /// chapter 14), which every picture has to begin with. https://vt100.net/docs/vt3xx-gp/chapter14.html
  private func sixelHead(_ body: ArraySlice<UInt8>) -> Head? {
    let start = body.prefix(64)
    guard let quote = start.firstIndex(of: UInt8(ascii: "\"")),
      start[..<quote].last == UInt8(ascii: "q")
    else { return nil }
    let numbers = start[(quote + 1)...].prefix { $0 == UInt8(ascii: ";") || 0x30...0x39 ~= $0 }
      .split(separator: UInt8(ascii: ";"))
      .compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 4, (1...space.pixels.width).contains(numbers[2]),
      (1...space.pixels.height).contains(numbers[3])
    else { return nil }
    return ([], 0)
  }
}
