import ChatClient
import ChatClientModel
import ChatSystem
import ClientTestKit
import TestKit
import Testing

/// The client's conversation with a server that the test plays, as a person or a program sees it.
@Suite("Conversation")
struct ConversationTests {
  /// The handshake of a client that starts in the lobby.
  private static let entry = """
    accept
    server> NICK
    client> [HELLO]:1
    client> alice
    server> alice joined!
    server> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=2⇥max-file=1000⇥token=aToken
    server> Connected to server!
    shown> alice joined!
    shown> Connected to server!

    """

  private static func play(
    _ script: String, style: Renderer.Style = .terminal, isTyped: Bool = true
  ) throws -> Int32 {
    let folder = try TestFolder()
    let play = try ClientPlay(style: style, isTyped: isTyped, folder: FilePath(folder.path))
    let (exit, failures) = try play.play(script)
    #expect(failures == [])
    return exit
  }

  @Test("a person sees the room, private messages, answers and errors, and leaves")
  func person() throws {
    let exit = try Self.play(
      Self.entry + """
        server> bob: hi
        shown> bob: hi
        types> hello
        client> hello
        server> alice: hello
        shown> alice: hello
        types> /msg bob psst
        client> [MSG]:bob psst
        client> [PING]:chat-client-sent-1
        server> [MSG]:alice psst⇥to=bob
        server> [PONG]:chat-client-sent-1
        shown> you tell bob: psst
        types> /who
        client> [WHO]:
        server> [WHO]:alice bob⇥end=1
        shown> Here: alice, bob
        types> /nope
        shown> There is no /nope; /help lists what there is, and //text says /text
        server> [ERROR]:slow down⇥code=rate
        shown> ! slow down
        types> /quit
        client> [QUIT]:
        server> Bye!
        shown> Bye!
        cut
        """)
    #expect(exit == 0)
  }

  @Test(
    "an offer that makes no sense, and would not be fetched, is nothing",
    arguments: [
      "[FILE]:a.txt⇥id=k3Fq⇥from=bob⇥sha256=\(String(repeating: "a", count: 64))",
      "[FILE]:a.txt⇥id=k3Fq⇥from=bob⇥size=x⇥sha256=\(String(repeating: "a", count: 64))",
      "[FILE]:a.txt⇥id=k3Fq⇥from=alice⇥size=1⇥sha256=zz",
      "[FILE]:a.txt⇥id=k3Fq⇥from=bob⇥size=99000000000⇥sha256=zz",
    ])
  func malformedOffer(_ line: String) throws {
    let exit = try Self.play(
      Self.entry + """
        server> \(line)
        server> bob: hi
        shown> bob: hi
        types> /quit
        client> [QUIT]:
        server> Bye!
        shown> Bye!
        cut
        """)
    #expect(exit == 0)
  }

  @Test("a program sees one JSON event for each line, and a pipe's end is waited for")
  func program() throws {
    let exit = try Self.play(
      """
      accept
      server> NICK
      client> [HELLO]:1
      client> alice
      server> alice joined!
      server> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=2⇥max-file=1000
      server> Connected to server!
      shown> {"event":"joined","nick":"alice"}
      shown> {"event":"welcome","members":2,"room":"lobby","seq":7}
      types> hello
      client> hello
      input ends
      client> [PING]:chat-client-sent-1
      server> alice: hello
      server> [PONG]:chat-client-sent-1
      shown> {"event":"message","from":"alice","text":"hello"}
      client> [QUIT]:
      server> Bye!
      shown> {"event":"bye"}
      cut
      """, style: .json, isTyped: false)
    #expect(exit == 0)
  }

  @Test(
    "after a lost connection the gap is displayed first; if lines of it are missing, nothing is sent again"
  )
  func reconnect() throws {
    let exit = try Self.play(
      Self.entry + """
        types> one
        types> two
        client> one
        client> two
        cut
        shown> * connection lost, trying again…
        accept
        server> NICK
        client> [HELLO]:1
        client> [ROOM]:lobby⇥since=7
        client> alice
        server> alice joined!
        server> [WELCOME]:1⇥room=lobby⇥seq=11⇥members=2⇥max-file=1000
        server> Connected to server!
        client> [PING]:chat-client-missed
        server> carol: live
        server> [PAST]:alice: one⇥seq=8⇥time=x
        server> [PAST]:bob: meanwhile⇥seq=10⇥time=x
        server> [PAST]:⇥end=1
        shown> alice: one
        shown> bob: meanwhile
        shown> * 1 line said meanwhile is no longer available
        shown> alice joined!
        shown> * connected again
        shown> carol: live
        shown> * 1 line you sent may not have arrived
        types> /quit
        client> [QUIT]:
        server> Bye!
        shown> Bye!
        cut
        """)
    #expect(exit == 1)
  }

  @Test("a gap that is closed has what did not arrive sent again")
  func resend() throws {
    let exit = try Self.play(
      Self.entry + """
        types> one
        types> two
        client> one
        client> two
        cut
        shown> * connection lost, trying again…
        accept
        server> NICK
        client> [HELLO]:1
        client> [ROOM]:lobby⇥since=7
        client> alice
        server> alice joined!
        server> [WELCOME]:1⇥room=lobby⇥seq=9⇥members=2⇥max-file=1000
        server> Connected to server!
        client> [PING]:chat-client-missed
        server> [PAST]:alice: one⇥seq=8⇥time=x
        server> [PAST]:⇥end=1
        shown> alice: one
        shown> alice joined!
        shown> * connected again
        client> two
        server> alice: two
        shown> alice: two
        types> /quit
        client> [QUIT]:
        server> Bye!
        shown> Bye!
        cut
        """)
    #expect(exit == 0)
  }

  @Test("a script whose room is gone ends, and says what it did not send")
  func roomGone() throws {
    let folder = try TestFolder()
    let play = try ClientPlay(
      style: .plain, isTyped: false, room: "#swift", folder: FilePath(folder.path))
    let (exit, failures) = try play.play(
      """
      accept
      server> NICK
      client> [HELLO]:1
      client> [ROOM]:#swift
      client> alice
      server> alice joined!
      server> [WELCOME]:1⇥room=#swift⇥seq=7⇥members=2⇥max-file=1000
      server> Connected to server!
      shown> alice joined!
      types> one
      client> one
      cut
      error> chat-client: connection lost, trying again…
      accept
      server> NICK
      client> [HELLO]:1
      client> [ROOM]:#swift⇥since=7
      client> alice
      server> [ERROR]:no such room⇥code=room-not-found
      error> chat-client: the room #swift is gone; not known to have arrived: 1 line
      """)
    #expect(failures == [])
    #expect(exit == 1)
  }

  @Test(
    "a file that is offered is fetched and saved, and its picture asked for after the line that says so"
  )
  func picture() throws {
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    let folder = try TestFolder()
    let play = try ClientPlay(style: .terminal, folder: FilePath(folder.path))
    let (exit, failures) = try play.play(
      Self.entry + """
        server> bob sent a.png (5 B)
        server> [FILE]:a.png⇥id=k3Fq⇥from=bob⇥size=5⇥sha256=\(digest)
        shown> bob sent a.png (5 B)
        asks> GET k3Fq 0
        gets> hello
        gets all
        client> [GOT]:k3Fq
        shown> * saved received_a.png (5 B)
        picture> \(folder.path)/received_a.png
        types> /quit
        client> [QUIT]:
        server> Bye!
        shown> Bye!
        cut
        """)
    #expect(failures == [])
    #expect(exit == 0)
  }

  @Test("a pipe gives up on a silent server after 30 s, and names what may not have arrived")
  func silence() throws {
    let exit = try Self.play(
      """
      accept
      server> NICK
      client> [HELLO]:1
      client> alice
      server> alice joined!
      server> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=2⇥max-file=1000
      server> Connected to server!
      shown> alice joined!
      types> x
      types> [MSG]:bob hi
      types> [WHO]:
      input ends
      client> x
      client> [MSG]:bob hi
      client> [PING]:chat-client-sent-1
      client> [WHO]:
      client> [PING]:chat-client-sent-2
      15 s pass
      client> [PING]:chat-client-alive
      15 s pass
      error> chat-client: the server has said nothing for 30 s; \
      not known to have arrived: 1 line, 1 private message, 1 request
      """, style: .plain, isTyped: false)
    #expect(exit == 1)
  }

  @Test("a person's client reconnects when the server is silent for 30 s, not if it answers")
  func reconnectAfterSilence() throws {
    let exit = try Self.play(
      Self.entry + """
        15 s pass
        client> [PING]:chat-client-alive
        server> [PONG]:chat-client-alive
        15 s pass
        client> [PING]:chat-client-alive
        15 s pass
        shown> * connection lost, trying again…
        refuse
        error> chat-client: the connection is lost
        """)
    #expect(exit == 1)
  }

  @Test("a file that the server does nothing about for 60 s is given up, whatever else it answers")
  func stall() throws {
    let answers = String(
      repeating: """
        15 s pass
        client> [PING]:chat-client-alive
        server> [PONG]:chat-client-alive

        """, count: 3)
    let exit = try Self.play(
      Self.entry + """
        types> /get k3Fq
        client> [FILES]:k3Fq

        """ + answers + """
          15 s pass
          shown> ! k3Fq: the server has done nothing about it for 60 s
          shown> * connection lost, trying again…
          refuse
          error> chat-client: the connection is lost
          """)
    #expect(exit == 1)
  }

  @Test("the row for the status displays how far a file is, and is cleared")
  func status() throws {
    let digest = "936a185caaa266bb9cbe981e9e05cb78cd732b0b3280eb944412bb6f8f8f07af"
    let folder = try TestFolder()
    let play = try ClientPlay(style: .terminal, folder: FilePath(folder.path))
    let (exit, failures) = try play.play(
      Self.entry + """
        server> [FILE]:a.bin⇥id=k3Fq⇥from=bob⇥size=10⇥sha256=\(digest)
        asks> GET k3Fq 0
        1 s pass
        gets> hello
        1 s pass
        status> ↓ a.bin 50 % 2 B/s 0:03 left
        gets> world
        gets all
        client> [GOT]:k3Fq
        shown> * saved received_a.bin (10 B)
        picture> \(folder.path)/received_a.bin
        1 s pass
        status cleared
        types> /quit
        client> [QUIT]:
        server> Bye!
        shown> Bye!
        cut
        """)
    #expect(failures == [])
    #expect(exit == 0)
  }

  @Test("the nicknames of members can be completed, one's own not")
  func names() throws {
    let folder = try TestFolder()
    let play = try ClientPlay(style: .terminal, folder: FilePath(folder.path))
    let (_, failures) = try play.play(
      Self.entry + """
        server> bob: hi
        shown> bob: hi
        server> carol joined!
        shown> carol joined!
        server> carol is now dave
        shown> carol is now dave
        types> /who
        client> [WHO]:
        server> [WHO]:alice erin⇥end=1
        shown> Here: alice, erin
        types> /quit
        client> [QUIT]:
        server> Bye!
        shown> Bye!
        cut
        """)
    #expect(failures == [])
    #expect(play.names == ["bob", "carol", "dave", "erin"])
  }

  @Test("what a play does not have in its script is a failure of the play")
  func strictness() throws {
    let folder = try TestFolder()
    let play = try ClientPlay(style: .terminal, folder: FilePath(folder.path))
    let (_, failures) = try play.play(
      Self.entry + """
        server> bob: hi
        shown> bob: ho
        types> hello
        client> hallo
        server> bob: bye
        cut
        """)
    #expect(
      failures == [
        "line 11, «shown> bob: ho»: shown: bob: hi",
        "line 13, «client> hallo»: the client sends 'hello'",
        "not in the script: shown: bob: bye",
        "not in the script: shown: * connection lost, trying again…",
        "not in the script: error: chat-client: the connection is lost; not known to have arrived: 1 line",
      ])
  }
}
