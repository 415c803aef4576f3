"""A WebSocket client of plain sockets (RFC 6455), which sends whatever it is told to, allowed or not."""
import base64
import hashlib
import os
import socket
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
DEADLINE = 20


class Violation(Exception):
    """The server did what it must not do."""


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x37\xfa\x21\x3d", length=None, size=None):
    """A frame's bytes.

    mask: None for none. length: what the header says, whatever the payload has.
    size: in how many bytes, 0 (within the second byte), 2 or 8.
    """
    length = len(payload) if length is None else length
    if size is None:
        size = 0 if length < 126 else 2 if length < 65_536 else 8
    short = {0: length, 2: 126, 8: 127}[size]
    head = bytes([fin << 7 | rsv << 4 | opcode, (mask is not None) << 7 | short])
    head += {0: b"", 2: struct.pack("!H", length & 0xFFFF), 8: struct.pack("!Q", length)}[size]
    if mask is None:
        return head + payload
    whole = (mask * (len(payload) // 4 + 1))[:len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")
    return head + mask + masked.to_bytes(len(payload), "big")


class RawWebSocket:
    """A connection.

    fields: of the request, in place of what it should have; None for none.
    expect: the status of the answer. early: bytes right behind the request, in its packet.
    """

    def __init__(self, address, path="/", fields=(), expect=101, early=b""):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        key = base64.b64encode(os.urandom(16)).decode()
        head = {
            "Host": address, "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", **dict(fields)}
        lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in head.items() if value is not None]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + early)
        answer = self.head()
        self.status = int(answer[0].split()[1])
        self.fields = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in answer[1:]}
        if self.status != expect:
            raise Violation(f"answered {answer[0]!r}, not {expect}")
        if expect == 101:
            guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()
            if self.fields.get("sec-websocket-accept") != accept:
                raise Violation("wrong Sec-WebSocket-Accept")

    def head(self):
        while b"\r\n\r\n" not in self.received:
            self.receive()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        return head.decode().split("\r\n")

    def receive(self):
        try:
            chunk = self.socket.recv(1 << 20)
        except socket.timeout:
            raise Violation(f"nothing came within {DEADLINE} s") from None
        if not chunk:
            raise EOFError
        self.received += chunk

    def take(self, count):
        while len(self.received) < count:
            self.receive()
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def send(self, *arguments, **options):
        self.socket.sendall(frame(*arguments, **options))

    def read(self):
        """The next frame: (opcode, fin, payload). The server's own must be without fault."""
        first, second = self.take(2)
        length = second & 127
        if first & 0x70 or second & 128:
            raise Violation("the server set a reserved bit, or masked")
        if length == 126:
            length, = struct.unpack("!H", self.take(2))
            if length < 126:
                raise Violation("the server's length is not minimal")
        elif length == 127:
            length, = struct.unpack("!Q", self.take(8))
            if length < 65_536:
                raise Violation("the server's length is not minimal")
        opcode, fin = first & 15, first >> 7
        if opcode >= 8 and (length > 125 or not fin):
            raise Violation("the server's control frame is too long, or fragmented")
        return opcode, fin, self.take(length)

    def message(self):
        """The next frame or message: (opcode, payload), its fragments together."""
        opcode, fin, payload = self.read()
        while not fin:
            more, fin, part = self.read()
            if more != CONTINUATION:
                raise Violation(f"opcode {more} within the server's message")
            payload += part
        return opcode, payload

    def expect(self, opcode, payload):
        came = self.message()
        if came != (opcode, payload):
            raise Violation(f"{came[0]} {came[1][:60]!r} ({len(came[1])} bytes) came, "
                            f"not {opcode} {payload[:60]!r} ({len(payload)} bytes)")

    def expect_close(self, *codes):
        """A close frame with one of these codes (None: without any), and nothing but the end after it."""
        try:
            opcode, payload = self.message()
            while opcode in (PING, PONG):
                opcode, payload = self.message()
        except (EOFError, ConnectionResetError):
            raise Violation("the connection ended without a close frame") from None
        if opcode != CLOSE:
            raise Violation(f"{opcode} {payload[:60]!r} came, not a close frame")
        code = struct.unpack("!H", payload[:2])[0] if payload else None
        payload[2:].decode()
        if code not in codes:
            raise Violation(f"closed with {code}, not {' or '.join(map(str, codes))}")
        self.answer_close(payload)
        self.expect_end()

    def answer_close(self, payload):
        try:
            self.send(CLOSE, payload[:2])
        except OSError:
            pass

    def expect_end(self):
        try:
            while True:
                self.receive()
                if self.received:
                    raise Violation(f"{self.received[:60]!r} after the close frame")
        except (EOFError, ConnectionResetError):
            pass

    def close(self):
        self.socket.close()
