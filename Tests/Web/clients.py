"""Other people's WebSocket clients against the server's /ws: Python's websockets, curl, and requests that are refused.

Usage: clients.py CHAT-SERVER
Prints a line for each check that fails, and a summary. Exits with 1 if one failed.
"""
import signal
import ssl
import subprocess
import sys
import traceback

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from browser import DEADLINE, Failure
from raw_websocket import TEXT, RawWebSocket, Violation, frame
from talk import Plain, Server

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def demand(what, condition):
    if not condition:
        raise Failure(what)


class Talk:
    """Python's websockets in the talk. Every message must be whole lines."""

    def __init__(self, server, nickname=None, room=None, scheme="ws", **options):
        if scheme == "wss":
            options["ssl"] = ssl._create_unverified_context()
        self.socket = connect(
            f"{scheme}://{server.address}/ws", subprotocols=["chat.1"], open_timeout=DEADLINE, proxy=None,
            **options).__enter__()
        demand("the subprotocol is chat.1", self.socket.subprotocol == "chat.1")
        demand("no extension is agreed on", not self.socket.protocol.extensions)
        self.pending = []
        self.expect("NICK")
        if nickname:
            # The last LF is implied.
            self.socket.send("[HELLO]:1\n" + (f"[ROOM]:{room}\n" if room else "") + nickname)
            self.expect("Connected to server!")

    def line(self):
        while not self.pending:
            message = self.socket.recv(DEADLINE)
            demand(f"text, not {type(message)}", isinstance(message, str))
            demand(f"whole lines, not {message[-40:]!r}", message.endswith("\n"))
            self.pending = message.split("\n")[:-1]
        return self.pending.pop(0)

    def expect(self, line):
        """Reads up to a line that begins like this; what came before it."""
        before = []
        while True:
            came = self.line()
            if came.startswith(line):
                return before
            before.append(came)

    def code(self):
        """Reads up to the end: the close code."""
        try:
            while True:
                self.line()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    def close(self):
        self.socket.close()


@check
def talk(server):
    """talks with a plain socket, in both directions"""
    nina, wanda = Plain(server, "nina"), Talk(server, "wanda")
    nina.expect("wanda joined!")
    wanda.socket.send("hello from wanda")
    wanda.expect("wanda: hello from wanda")
    nina.expect("wanda: hello from wanda")
    nina.say("hello, wanda: grüße 🎈")
    wanda.expect("nina: hello, wanda: grüße 🎈")
    wanda.socket.send("one\ntwo\nthree\n")
    nina.expect("wanda: three")
    demand(f"once, in order: {nina.lines}", nina.lines[-3:] == ["wanda: one", "wanda: two", "wanda: three"])


@check
def many(server):
    """loses and doubles none of 5,000 lines"""
    nina, wanda = Plain(server, "nina"), Talk(server, "wanda")
    nina.socket.sendall("".join(f"line {number} €\n" for number in range(5_000)).encode())
    for number in range(5_000):
        demand(f"nothing before line {number}", wanda.expect(f"nina: line {number} €") == [])


@check
def encrypted(server):
    """talks over TLS"""
    wanda = Talk(server, "wanda", scheme="wss")
    wanda.socket.send("over TLS")
    wanda.expect("wanda: over TLS")


@check
def leaves(server):
    """is let go with 1000 after exit"""
    nina, wanda = Plain(server, "nina"), Talk(server, "wanda")
    wanda.socket.send("exit\n")
    wanda.expect("Bye!")
    demand("closed with 1000", wanda.code() == 1000)
    nina.expect("wanda left!")


@check
def closes(server):
    """leaves by closing"""
    nina, wanda = Plain(server, "nina"), Talk(server, "wanda")
    wanda.socket.close()
    nina.expect("wanda left!")
    demand("1000 is echoed", wanda.socket.protocol.close_rcvd.code == 1000)


@check
def shutdown(server):
    """is told 1001 when the server stops"""
    wanda = Talk(server, "wanda")
    server.process.send_signal(signal.SIGTERM)
    wanda.expect("[ERROR]:")
    code = wanda.code()
    demand(f"closed with 1001, not {code}", code == 1001)


@check
def pings(server):
    """has its pings answered"""
    wanda = Talk(server, "wanda")
    demand("a pong", wanda.socket.ping(b"are you there?").wait(DEADLINE))


@check
def long_line(server):
    """may send a line that is too long, and stays"""
    wanda = Talk(server, "wanda")
    wanda.socket.send("x" * 9_000)
    wanda.expect("[ERROR]:")
    wanda.socket.send("still here")
    wanda.expect("wanda: still here")


@check
def long_message(server):
    """is closed with 1009 for a message of more than 64 KiB"""
    wanda = Talk(server, "wanda")
    wanda.socket.send(("x" * 99 + "\n") * 656)
    code = wanda.code()
    demand(f"closed with 1009, not {code}", code == 1009)


@check
def longest_message(server):
    """may send a message of 64 KiB"""
    wanda = Talk(server, "wanda")
    wanda.socket.send(("x" * 1_023 + "\n") * 63 + "y" * 1_023 + "\n")
    wanda.expect("wanda: " + "y" * 1_023)


@check
def binary(server):
    """is closed with 1003 for a binary message"""
    wanda = Talk(server, "wanda")
    wanda.socket.send(b"hello\n")
    code = wanda.code()
    demand(f"closed with 1003, not {code}", code == 1003)


@check
def split(server):
    """may split a text within a character, among pings"""
    wanda = Talk(server, "wanda")
    text = "fragments: κόσμε".encode()
    peer = RawWebSocket(server.address, "/ws", {"Sec-WebSocket-Protocol": "chat.1"})
    peer.send(TEXT, b"ray\n")
    for at in range(len(text)):
        peer.send(TEXT if at == 0 else 0, text[at:at + 1], fin=False)
        peer.send(9, b"%d" % at)
    peer.send(0, b"\n")
    wanda.expect("ray: fragments: κόσμε")


@check
def early(server):
    """may send frames in the packet of its request"""
    wanda = Talk(server, "wanda")
    peer = RawWebSocket(
        server.address, "/ws", {"Sec-WebSocket-Protocol": "chat.1"}, early=frame(TEXT, b"ray\nhello from ray\n"))
    wanda.expect("ray: hello from ray")
    peer.close()


def refuse(server, status, **fields):
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    peer = RawWebSocket(server.address, "/ws", {"Sec-WebSocket-Protocol": "chat.1", **named}, expect=status)
    peer.close()
    return peer


@check
def origins(server):
    """is asked for by the server's own pages alone"""
    own, host = server.origin, server.address
    refuse(server, 101, Origin=own)
    refuse(server, 101, Origin=f"http://LOCALHOST:{server.port}", Host=f"localhost:{server.port}")
    refuse(server, 101)
    browser = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "websocket"}
    for origin in [
        "http://evil.example", "null", "", f"https://{host}", "http://127.0.0.1", f"http://127.0.0.1:{server.port + 1}",
        f"http://{host}.evil.example", f"http://evil.example/{host}", f"http://user@{host}", f"{own}/",
    ]:
        try:
            refuse(server, 403, Origin=origin)
        except Violation as violation:
            raise Failure(f"Origin {origin!r}: {violation}") from None
    refuse(server, 403, **{name: value for name, value in browser.items()})


@check
def added_origins(server):
    """is asked for by the pages of --web-origin, too"""
    other = Server(server.program, "--web-origin", "https://chat.example")
    try:
        refuse(other, 101, Origin="https://chat.example")
        refuse(other, 101, Origin=other.origin)
        refuse(other, 403, Origin="http://chat.example")
    finally:
        other.end()


@check
def requests(server):
    """is refused where its request is not one for a WebSocket"""
    old = refuse(server, 426, Sec_WebSocket_Version="8")
    demand("the right version is named", old.fields.get("sec-websocket-version") == "13")
    refuse(server, 400, Sec_WebSocket_Key=None)
    refuse(server, 400, Sec_WebSocket_Key="dG9vIHNob3J0")
    refuse(server, 426, Upgrade=None, Connection=None)
    refuse(server, 101, Connection="keep-alive, UPGRADE", Upgrade="WebSocket")
    chosen = refuse(server, 101, Sec_WebSocket_Protocol="other, chat.1")
    demand("chat.1 is chosen", chosen.fields.get("sec-websocket-protocol") == "chat.1")
    offered = refuse(server, 101, Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    demand("no extension", "sec-websocket-extensions" not in offered.fields)


@check
def elsewhere(server):
    """is found at /ws and nowhere else"""
    for path in ["/", "/ws/", "/wss", "/files"]:
        try:
            RawWebSocket(server.address, path, expect=101)
        except Violation:
            continue
        raise Failure(f"{path} is a WebSocket")


@check
def curl(server):
    """is curl"""
    fields = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "chat.1"}
    command = ["curl", "--silent", "--include", "--no-buffer", "--http1.1", "--noproxy", "*"]
    for name, value in fields.items():
        command += ["--header", f"{name}: {value}"]
    process = subprocess.Popen(command + [f"{server.origin}/ws"], stdout=subprocess.PIPE)
    try:
        lines = []
        while not lines or lines[-1] != b"\r\n":
            lines.append(process.stdout.readline())
            demand(f"an answer, not {lines}", lines[-1])
        demand(f"101, not {lines[0]}", lines[0].startswith(b"HTTP/1.1 101 "))
        fields = {line.split(b":")[0].lower(): line.split(b":", 1)[1].strip() for line in lines[1:-1]}
        # The example of RFC 6455, section 1.3.
        demand("the key is answered", fields[b"sec-websocket-accept"] == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        demand("the greeting is a frame", process.stdout.readline() == b"\x81\x05NICK\n")
    finally:
        process.kill()
        process.wait()


@check
def curl_websocket(server):
    """is curl, by a ws: link, where its version can"""
    if " ws" not in subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout:
        print("LEFT OUT: this curl knows no ws: links")
        return
    process = subprocess.Popen(
        ["curl", "--silent", "--no-buffer", "--noproxy", "*", f"ws://{server.address}/ws"], stdout=subprocess.PIPE)
    try:
        demand("the greeting", process.stdout.readline() == b"NICK\n")
    finally:
        process.kill()
        process.wait()


def main(program):
    failed = 0
    for function in CHECKS:
        server = Server(program)
        try:
            function(server)
        except (Failure, Violation, OSError, EOFError, TimeoutError, ConnectionClosed, InvalidStatus) as error:
            failed += 1
            print(f"FAILED: a client {function.__doc__}: {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, (Failure, Violation)):
                traceback.print_exc()
        finally:
            server.end()
    print(f"Clients: {len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
