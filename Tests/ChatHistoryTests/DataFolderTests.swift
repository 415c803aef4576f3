import ChatHistory
import ChatSystem
import Foundation
import Testing

@Suite("DataFolder")
struct DataFolderTests {
  @Test("it is made with its parents, for its owner alone")
  func made() throws {
    let root = try TestHistory.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: root) }
    let folder = try DataFolder(path: FilePath("\(root)/a/b//c"))
    #expect(folder.path.text == "\(root)/a/b//c")
    for path in ["a", "a/b", "a/b/c"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
    }
  }

  @Test("one process has it at a time, and the next one after that")
  func exclusive() throws {
    let root = try TestHistory.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: root) }
    var first: DataFolder? = try DataFolder(path: FilePath(root))
    #expect(first != nil)
    #expect { try DataFolder(path: FilePath(root)) } throws: {
      "\($0)" == "\(root) is in use by another chat-server"
    }
    first = nil
    _ = try DataFolder(path: FilePath(root))
  }

  @Test("what cannot be made says why", arguments: ["/proc/nothing/here", "/dev/null/data", ""])
  func impossible(_ path: String) {
    #expect { try DataFolder(path: FilePath(path)) } throws: {
      $0 is DataFolderError && "\($0)".hasPrefix("the data folder \(path): cannot")
    }
  }

  @Test("a file in its place is said to be none")
  func file() throws {
    let root = try TestHistory.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: root) }
    try Data().write(to: URL(fileURLWithPath: "\(root)/file"))
    #expect { try DataFolder(path: FilePath("\(root)/file")) } throws: {
      "\($0)".contains("Not a directory")
    }
  }
}
