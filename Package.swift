// swift-tools-version: 6.3

import PackageDescription

/// Warnings are errors, imports are explicit, and nothing is imported for others by accident.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Pure code: bytes in, values out. Every unsafe operation there has to be marked as one.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

/// `make fuzz` alone builds the program that libFuzzer drives: it has no `main` of its own.
let isFuzzing = Context.environment["CHAT_FUZZ"] == "1"

let package = Package(
  name: "chat",
  products: [
    .library(name: "ChatCore", targets: ["ChatCore"]),
    .executable(name: "chat-server", targets: ["chat-server"]),
    .executable(name: "chat-client", targets: ["chat-client"]),
  ],
  dependencies: [],
  targets: [
    // The line protocol and the command line: pure, importing nothing.
    .target(name: "ChatCore", swiftSettings: pure),
    .target(name: "ChatFlags", swiftSettings: pure),

    // HTTP/1.1: requests read, answers written, pure.
    .target(name: "ChatHTTP", swiftSettings: pure),

    // WebSocket (RFC 6455): frames read and written, pure.
    .target(name: "ChatWebSocket", swiftSettings: pure),

    // The one seam to the operating system.
    .target(name: "CLinux"),
    .target(name: "ChatSystem", dependencies: ["CLinux"], swiftSettings: strict),

    // The history: SQLite, which this one target wraps. No pkgConfig: header and library lie where
    // compilers look anyway, and SwiftPM warns where pkg-config is missing.
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .target(
      name: "ChatHistory", dependencies: ["ChatCore", "CSQLite", "ChatSystem"],
      swiftSettings: strict),

    // OpenSSL's digests, which this one target wraps.
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "ChatCrypto", dependencies: ["ChatCore", "COpenSSL"], swiftSettings: strict),

    // TLS 1.3: OpenSSL's libssl, which this one target wraps.
    .target(name: "ChatTLS", dependencies: ["COpenSSL", "ChatSystem"], swiftSettings: strict),

    // Requests of HTTP: libcurl, which this one target wraps. No pkgConfig, as with SQLite.
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "ChatHTTPClient", dependencies: ["CCurl", "ChatSystem"], swiftSettings: strict),

    // The shelf of kept files.
    .target(
      name: "ChatFiles", dependencies: ["ChatCore", "ChatCrypto", "ChatSystem"],
      swiftSettings: strict),

    // A person's terminal: the input row at the bottom, and what is shown above it.
    .target(
      name: "ChatTerminal", dependencies: ["ChatCore", "ChatSystem"], swiftSettings: strict),

    // The client's rules: what is sent, displayed and tried again, and when.
    .target(name: "ChatClientModel", dependencies: ["ChatCore"], swiftSettings: pure),

    // Images in a terminal: untrusted bytes, and a child process that converts them.
    .target(
      name: "ChatPictures", dependencies: ["ChatCore", "ChatSystem", "ChatTerminal"],
      swiftSettings: strict),

    // The two programs: all they do is in the libraries, all they wire is in main.swift.
    .target(
      name: "ChatServer",
      dependencies: [
        "ChatCore", "ChatCrypto", "ChatFiles", "ChatFlags", "ChatHTTP", "ChatHistory",
        "ChatSystem", "ChatTLS", "ChatWebSocket",
      ],
      swiftSettings: strict),
    .target(
      name: "ChatClient",
      dependencies: [
        "ChatClientModel", "ChatCore", "ChatCrypto", "ChatFlags", "ChatHTTP", "ChatHTTPClient",
        "ChatPictures", "ChatSystem", "ChatTLS", "ChatTerminal",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "chat-server",
      dependencies: [
        "ChatCore", "ChatCrypto", "ChatFlags", "ChatHistory", "ChatServer", "ChatSystem", "ChatTLS",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "chat-client",
      dependencies: ["ChatClient", "ChatCrypto", "ChatFlags", "ChatSystem", "ChatTLS"],
      swiftSettings: strict),
    // What `make bench` runs: this server and its peers, under the same load.
    .executableTarget(
      name: "chat-bench",
      dependencies: ["ChatCore", "ChatCrypto", "ChatFlags", "ChatSystem", "ChatTLS"],
      swiftSettings: strict),

    // Tests: pure code, the server's parts, and the real binaries over loopback.
    .target(
      name: "TestKit", dependencies: ["CLinux", "ChatCore", "ChatCrypto", "ChatSystem"],
      path: "Tests/TestKit",
      swiftSettings: strict),
    .testTarget(
      name: "ChatCoreTests", dependencies: ["ChatCore", "ChatFlags", "TestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "ChatHTTPTests", dependencies: ["ChatHTTP", "TestKit"], swiftSettings: strict),
    // What the Autobahn test suite is run against.
    .executableTarget(
      name: "ws-echo", dependencies: ["ChatCrypto", "ChatHTTP", "ChatSystem", "ChatWebSocket"],
      path: "Tests/WebSocketEcho", swiftSettings: strict),
    .testTarget(
      name: "ChatWebSocketTests", dependencies: ["ChatWebSocket", "TestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "ChatHTTPClientTests", dependencies: ["ChatHTTPClient", "ChatSystem", "TestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "ChatSystemTests", dependencies: ["ChatSystem", "TestKit"], swiftSettings: strict),
    .testTarget(
      name: "ChatTLSTests", dependencies: ["ChatSystem", "ChatTLS", "TestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "ChatServerTests",
      dependencies: [
        "ChatCore", "ChatCrypto", "ChatFlags", "ChatHTTP", "ChatHistory", "ChatServer",
        "ChatSystem", "TestKit",
      ],
      swiftSettings: strict),
    // A writer for the tests to kill.
    .executableTarget(
      name: "history-probe", dependencies: ["ChatHistory", "ChatSystem"],
      path: "Tests/HistoryProbe",
      swiftSettings: strict),
    .testTarget(
      name: "ChatHistoryTests",
      dependencies: ["ChatCore", "ChatHistory", "ChatSystem", "TestKit", "history-probe"],
      swiftSettings: strict),
    .testTarget(
      name: "ChatFilesTests",
      dependencies: ["ChatCore", "ChatCrypto", "ChatFiles", "ChatSystem", "TestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "ChatClientModelTests", dependencies: ["ChatClientModel", "ChatCore", "TestKit"],
      swiftSettings: strict),
    // A client in the test's own process, whose server, input and output the test plays.
    .target(
      name: "ClientTestKit",
      dependencies: ["ChatClient", "ChatClientModel", "ChatCore", "ChatSystem"],
      path: "Tests/ClientTestKit", swiftSettings: strict),
    .testTarget(
      name: "ChatClientTests",
      dependencies: [
        "ChatClient", "ChatClientModel", "ChatFlags", "ChatSystem", "ChatTerminal", "ClientTestKit",
        "TestKit",
      ],
      swiftSettings: strict),
    // A terminal for the tests to look at.
    .executableTarget(
      name: "terminal-probe", dependencies: ["ChatSystem", "ChatTerminal"],
      path: "Tests/TerminalProbe", swiftSettings: strict),
    .testTarget(
      name: "ChatTerminalTests",
      dependencies: ["ChatCore", "ChatSystem", "ChatTerminal", "TestKit", "terminal-probe"],
      swiftSettings: strict),
    .testTarget(
      name: "ChatPicturesTests", dependencies: ["ChatPictures", "ChatSystem", "TestKit"],
      swiftSettings: strict),
    // Counts what a line costs in allocations: a program of its own, whose malloc counts.
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .executableTarget(
      name: "allocation-probe", dependencies: ["AllocationCounter", "ChatServer", "ChatSystem"],
      path: "Tests/allocation-probe", swiftSettings: strict),
    .testTarget(
      name: "SessionTests",
      dependencies: [
        "ChatCore", "ChatCrypto", "ChatSystem", "ChatTLS", "TestKit", "allocation-probe",
        "chat-server",
        "chat-client",
      ],
      swiftSettings: strict),
    // What reads strangers' bytes, fed with any: by libFuzzer, and with the corpus by the tests.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "ChatClient", "ChatClientModel", "ChatCore", "ChatCrypto", "ChatFlags", "ChatHTTP",
        "ChatHistory", "ChatPictures", "ChatServer", "ChatSystem", "ChatTerminal", "ClientTestKit",
      ],
      path: "Tests/FuzzTargets", swiftSettings: strict),
    .executableTarget(
      name: "fuzz-replay", dependencies: ["ChatSystem", "FuzzTargets"], path: "Tests/FuzzReplay",
      swiftSettings: strict),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "TestKit", "fuzz-replay"],
      path: "Tests/FuzzTests", swiftSettings: strict),
  ]
    + (isFuzzing
      ? [
        .executableTarget(
          name: "fuzz", dependencies: ["ChatSystem", "FuzzTargets"], path: "Tests/Fuzz",
          swiftSettings: strict)
      ] : []),
  swiftLanguageModes: [.v6]
)
