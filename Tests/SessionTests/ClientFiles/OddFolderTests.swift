import Foundation
import TestKit
import Testing

/// Folders on file systems that can't do everything: FUSE, NFS, Lustre, USB sticks. A library that is loaded
/// before the system's plays them.
@Suite("Odd folders", .timeLimit(.minutes(2)))
struct OddFolderTests {
  /// Each call fails with the error number in a variable of the environment; names are refused if they
  /// hold one of the characters in `REFUSED`, or have more than `LONGEST` bytes.
  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <fcntl.h>
    #include <stdarg.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/types.h>

    static int fails(const char *call) {
      const char *number = getenv(call);
      if (number) errno = atoi(number);
      return number != NULL;
    }

    static int refuses(const char *name) {
      const char *refused = getenv("REFUSED"), *longest = getenv("LONGEST");
      if (refused && strpbrk(name, refused)) { errno = EINVAL; return 1; }
      if (longest && strlen(name) > (size_t)atoi(longest)) { errno = ENAMETOOLONG; return 1; }
      return 0;
    }

    int flock(int fd, int operation) {
      if (fails("FLOCK")) return -1;
      return ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(fd, operation);
    }

    int renameat2(int one, const char *old, int two, const char *new, unsigned flags) {
      if (fails("RENAMEAT2") || refuses(new)) return -1;
      return ((int (*)(int, const char *, int, const char *, unsigned))dlsym(
          RTLD_NEXT, "renameat2"))(one, old, two, new, flags);
    }

    int linkat(int one, const char *old, int two, const char *new, int flags) {
      if (fails("LINKAT") || refuses(new)) return -1;
      return ((int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat"))(
          one, old, two, new, flags);
    }

    static int locks(const char *symbol, int fd, int command, void *argument) {
      if (command == 37 && fails("OFD")) return -1;
      return ((int (*)(int, int, void *))dlsym(RTLD_NEXT, symbol))(fd, command, argument);
    }

    int fcntl(int fd, int command, ...) {
      va_list list;
      va_start(list, command);
      void *argument = va_arg(list, void *);
      va_end(list);
      return locks("fcntl", fd, command, argument);
    }

    int fcntl64(int fd, int command, ...) {
      va_list list;
      va_start(list, command);
      void *argument = va_arg(list, void *);
      va_end(list);
      return locks("fcntl64", fd, command, argument);
    }

    static int opens(const char *symbol, int folder, const char *name, int flags, mode_t mode) {
      if (flags & O_CREAT && refuses(name)) return -1;
      return ((int (*)(int, const char *, int, mode_t))dlsym(RTLD_NEXT, symbol))(
          folder, name, flags, mode);
    }

    int openat(int folder, const char *name, int flags, ...) {
      va_list list;
      va_start(list, flags);
      mode_t mode = va_arg(list, mode_t);
      va_end(list);
      return opens("openat", folder, name, flags, mode);
    }

    int openat64(int folder, const char *name, int flags, ...) {
      va_list list;
      va_start(list, flags);
      mode_t mode = va_arg(list, mode_t);
      va_end(list);
      return opens("openat64", folder, name, flags, mode);
    }
    """

  /// The library, built once for this process.
  private static let library = Result {
    let folder = try TestFolder()
    let (source, library) = ("\(folder.path)/odd.c", "\(folder.path)/odd.so")
    try Data(Self.source.utf8).write(to: URL(fileURLWithPath: source))
    let compiler = try Program("clang", ["-shared", "-fPIC", "-o", library, source, "-ldl"])
    guard try compiler.exitCode() == 0 else { throw Failure(compiler.errors) }
    return (folder, library)
  }

  /// Starts one of our programs where calls fail.
  private static func start(
    _ name: String, _ arguments: [String], failing: [String]
  ) throws -> Program {
    let settings = try ["LD_PRELOAD=\(library.get().1)"] + failing
    return try Program("env", settings + [Program.path(of: name)] + arguments)
  }

  private static func fetch(
    _ names: [String], into folder: TestFolder, failing: [String]
  ) throws -> String {
    let server = try FakeServer()
    let alice = try start(
      "chat-client", ["--nick", "alice", "--downloads", folder.path, server.address],
      failing: failing)
    try server.play(ClientScript.firstEntry)
    for (number, name) in names.enumerated() {
      let file = FileScript("id\(number)", name, size: 100_000, seed: UInt64(number))
      try file.transfer(by: server)
    }
    try ClientScript.finish(alice, server)
    return alice.errors
  }

  @Test(
    "files are saved where names can't be given without writing over, and where there are no locks",
    arguments: [
      ["RENAMEAT2=22", "LINKAT=1"], ["RENAMEAT2=95", "LINKAT=95"], ["RENAMEAT2=22"],
      ["RENAMEAT2=38", "LINKAT=38"], ["FLOCK=95"], ["FLOCK=37", "OFD=37"], ["FLOCK=38", "OFD=22"],
      ["RENAMEAT2=22", "LINKAT=1", "FLOCK=95", "OFD=95"],
    ])
  func saving(_ failing: [String]) throws {
    let folder = try TestFolder()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/received_photo.png"))
    let errors = try Self.fetch(
      ["photo.png", "photo.png", "notes"], into: folder, failing: failing)
    #expect(
      folder.names.sorted() == [
        "received_notes", "received_photo (2).png", "received_photo (3).png", "received_photo.png",
      ])
    #expect(folder.bytes(of: "received_photo.png") == Array("mine".utf8))
    #expect(
      folder.bytes(of: "received_photo (3).png")
        == FileScript("id1", "photo.png", size: 100_000, seed: 1).bytes)
    #expect(errors.split(separator: "\n").count { $0.contains(" saved ") } == 3)
  }

  @Test("two clients that have only the other kind of lock do not write to one part")
  func twoClients() throws {
    let folder = try TestFolder()
    let file = FileScript("id1", "photo.png", size: 100_000)
    var started: [(FakeServer, Program)] = []
    for _ in 0..<2 {
      let server = try FakeServer()
      let client = try Self.start(
        "chat-client", ["--nick", "alice", "--downloads", folder.path, server.address],
        failing: ["FLOCK=95"])
      try server.play(ClientScript.firstEntry)
      try file.begin(50_000, by: server)
      started.append((server, client))
      try eventually("part \(started.count) is there") { folder.names.count == started.count }
    }
    for (server, client) in started {
      try file.goOn(from: 50_000, by: server)
      try ClientScript.finish(client, server)
    }
    #expect(folder.names.sorted() == ["received_photo (2).png", "received_photo.png"])
    for name in folder.names { #expect(folder.bytes(of: name) == file.bytes) }
  }

  @Test("a name that the folder refuses becomes one that it takes")
  func refused() throws {
    let folder = try TestFolder()
    let long = String(repeating: "n", count: 200) + ".txt"
    let errors = try Self.fetch(
      ["a:b?.txt", "a:b?.txt", "é*", long], into: folder,
      failing: ["REFUSED=:?*\"<>|\u{E9}", "LONGEST=143"])
    let short = "received_" + String(repeating: "n", count: 116) + ".txt"
    #expect(
      folder.names.sorted() == ["received___", "received_a_b_ (2).txt", "received_a_b_.txt", short])
    #expect(errors.contains("saved received_a_b_.txt (100 kB)\n"))
  }

  @Test(
    "a server keeps its history and files where there are no locks, and says that there are none")
  func server() throws {
    let folder = try TestFolder()
    let file = "\(folder.path)/notes.txt"
    try Data("some notes\n".utf8).write(to: URL(fileURLWithPath: file))
    for _ in 0..<2 {
      let server = try Self.start(
        "chat-server", ["--port", "0", "--data", "\(folder.path)/data"],
        failing: ["FLOCK=95", "OFD=37", "RENAMEAT2=22", "LINKAT=1"])
      let line = try #require(try server.line())
      let address = try String(#require(line.split(separator: " ").last))
      let alice = try Program("chat-client", ["--nick", "alice", "--send", file, "--", address])
      #expect(try alice.exitCode() == 0)
      server.signal(SIGTERM)
      #expect(try server.exitCode() == 0)
      #expect(server.errors.contains("cannot lock it"))
    }
  }

  @Test("where there is only the other kind of lock, it holds off a second server")
  func lock() throws {
    let folder = try TestFolder()
    let arguments = ["--port", "0", "--data", folder.path]
    let server = try Self.start("chat-server", arguments, failing: ["FLOCK=95"])
    #expect(try server.line()?.hasPrefix("chat ") == true)
    #expect(!server.errors.contains("cannot lock"))
    let second = try Self.start("chat-server", arguments, failing: ["FLOCK=95"])
    #expect(try second.exitCode() == 1)
    #expect(second.errors.contains("in use by another chat-server"))
    server.signal(SIGTERM)
    #expect(try server.exitCode() == 0)
  }
}
