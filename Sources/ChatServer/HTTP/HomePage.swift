package import ChatHTTP

/// The page at `/`: what this is, and how to join. Plain: no scripts, no pictures, no styles.
package enum HomePage {
  /// The page.
  ///
  /// - Parameters:
  ///   - authority: by which address it was asked for; `nil` if that was not said.
  ///   - isEncrypted: whether it was asked for over TLS.
  package static func text(at authority: Authority?, isEncrypted: Bool) -> String {
    let standard = Authority.standardPort(isEncrypted: isEncrypted)
    let host = authority.map { HTMLText.escaped("\($0.host)") } ?? "HOST"
    let port = authority.map { "\($0.port ?? standard)" } ?? "PORT"
    // `nc` takes no brackets.
    let bareHost = host.filter { !"[]".contains($0) }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>Chat at \(host)</title>
      </head>
      <body>
      <h1>Chat at \(host)</h1>
      <p>This is a chat server. Whoever can reach it may join: choose a nickname, and talk.</p>
      <h2>In a terminal</h2>
      <pre>chat-client \(host):\(port)</pre>
      <h2>With what every system has</h2>
      <pre>nc \(bareHost) \(port)</pre>
      <p>The first line is your nickname, each line after it is said to all. <code>exit</code> leaves.</p>
      <h2>A file</h2>
      <pre>curl -T FILE '\(isEncrypted ? "https" : "http")://\(host):\(port)/lobby/?nick=NICKNAME'</pre>
      </body>
      </html>

      """
  }
}
