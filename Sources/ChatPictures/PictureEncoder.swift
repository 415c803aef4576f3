internal import FoundationEssentials

/// Encodes image files as the control sequences by which terminals show them.
///
/// Both leave the cursor beside the picture's last row: the caller writes CR LF after it.
package enum PictureEncoder {
  /// Limit: bytes of base64 in one of kitty's sequences.
  static let chunkBytes = 4_096

  /// A PNG file for kitty's graphics protocol, which accepts no other format.
  ///
  /// Transmit and display (a=T) a PNG (f=100) within the sequences (t=d), answering nothing (q=2); at
  /// most 4,096 bytes of base64 in each, m=1 in all but the last.
  /// https://sw.kovidgoyal.net/kitty/graphics-protocol/
  package static func kitty(png: [UInt8], fit: PictureSpace.Fit) -> [UInt8] {
    let text = Data(png).base64EncodedData()
    var keys = "a=T,f=100,t=d,q=2,"
    switch fit {
    case .natural: break
    case .columns(let columns): keys += "c=\(columns),"
    case .rows(let rows): keys += "r=\(rows),"
    }
    var output: [UInt8] = []
    output.reserveCapacity(text.count + text.count / chunkBytes * 10 + 64)
    var rest = text[...]
    repeat {
      let chunk = rest.prefix(chunkBytes)
      rest = rest.dropFirst(chunkBytes)
      output.append(contentsOf: "\u{1B}_G\(keys)m=\(rest.isEmpty ? 0 : 1);".utf8)
      output.append(contentsOf: chunk)
      output.append(contentsOf: "\u{1B}\\".utf8)
      keys = ""
    } while !rest.isEmpty
    return output
  }

  /// A file of any kind for iTerm2's inline images.
  ///
  /// https://iterm2.com/documentation-images.html; doNotMoveCursor is WezTerm's as well,
  /// https://wezterm.org/imgcat.html
  package static func iterm2(file: [UInt8], fit: PictureSpace.Fit) -> [UInt8] {
    let side =
      switch fit {
      case .natural: "width=auto;height=auto"
      case .columns(let columns): "width=\(columns);height=auto"
      case .rows(let rows): "width=auto;height=\(rows)"
      }
    let keys = "inline=1;size=\(file.count);\(side);preserveAspectRatio=1;doNotMoveCursor=0"
    let text = Data(file).base64EncodedData()
    var output: [UInt8] = []
    output.reserveCapacity(text.count + keys.utf8.count + 16)
    output.append(contentsOf: "\u{1B}]1337;File=\(keys):".utf8)
    output.append(contentsOf: text)
    output.append(0x07)
    return output
  }
}
