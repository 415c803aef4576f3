import ChatQR
import ChatServer
import ChatSystem
import Testing

@Suite("JoinCode")
struct JoinCodeTests {
  private func addresses(_ hosts: String..., port: UInt16 = 55_555) -> ReachableAddresses {
    ReachableAddresses(
      listening: hosts.map { Address(host: $0, port: port) },
      own: ["192.168.1.5", "fd00::5"].map { Address(host: $0, port: 1) })
  }

  @Test("the link is https, with the first address that others have")
  func links() {
    #expect(
      JoinCode.link(to: addresses("0.0.0.0"), isAsked: false) == "https://192.168.1.5:55555/")
    #expect(
      JoinCode.link(to: addresses("::1", "fd00::5"), isAsked: false) == "https://[fd00::5]:55555/")
    #expect(
      JoinCode.link(to: addresses("::", port: 443), isAsked: true) == "https://192.168.1.5/")
    #expect(JoinCode.link(to: addresses("127.0.0.1"), isAsked: false) == nil)
    #expect(JoinCode.link(to: addresses("127.0.0.1"), isAsked: true) == "https://127.0.0.1:55555/")
  }

  @Test("it is shown at a terminal that is wide enough, or where it is asked for")
  func shown() throws {
    let code = try #require(QRCode("https://192.168.1.5:55555/"))
    let text = TerminalQRCode.text(of: code) + "Web:   https://192.168.1.5:55555/\n"
    let width = TerminalQRCode.columns(of: code)
    for (shows, columns, isShown) in [
      (Bool?.none, Int?.none, false), (nil, 80, true), (nil, width, true), (nil, width - 1, false),
      (true, nil, true), (true, 80, true), (true, width - 1, false), (false, 80, false),
    ] {
      var options = ServerOptions()
      options.showsQRCode = shows
      #expect(
        JoinCode.text(options, at: addresses("::"), columns: columns) == (isShown ? text : nil))
      options.servesHTTP = false
      #expect(JoinCode.text(options, at: addresses("::"), columns: columns) == nil)
    }
    #expect(JoinCode.text(ServerOptions(), at: addresses("127.0.0.1"), columns: 80) == nil)
    // Standard error takes so much at once, if anything (pipe(7)).
    let longest = addresses("2001:db8:1234:5678:9abc:def0:1234:5678")
    let written = try #require(JoinCode.text(ServerOptions(), at: longest, columns: 80))
    #expect(written.utf8.count <= 4_096)
  }
}
