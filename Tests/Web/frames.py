"""What the Autobahn suite leaves out, against a WebSocket echo server.

Usage: frames.py HOST:PORT [LIMIT]
LIMIT: the largest message that the server takes, in bytes (32 MiB).
Prints a line for each check that fails, and a summary. Exits with 1 if one failed.
"""
import struct
import sys
import time

from raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawWebSocket, Violation, frame

CHECKS = []


def check(title, *cases):
    """Registers a check, once for each of the cases."""
    def register(function):
        for case in cases or [()]:
            CHECKS.append((title + (f" {case!r}"[:70] if cases else ""), function, case))
        return function
    return register


def refused(peer, data, *codes):
    """The server closes with one of the codes, and does not echo what follows."""
    peer.socket.sendall(data)
    try:
        peer.socket.sendall(frame(TEXT, b"after the fault"))
    except OSError:
        pass
    peer.expect_close(*(codes or (1002,)))


# Masks.

@check("a frame without a mask", (TEXT, b"hello"), (TEXT, b""), (BINARY, b"\0" * 300), (PING, b"hi"),
       (PONG, b""), (CLOSE, struct.pack("!H", 1000)), (CLOSE, b""))
def unmasked(peer, opcode, payload):
    refused(peer, frame(opcode, payload, mask=None))


@check("a second frame without a mask")
def unmasked_later(peer):
    peer.send(TEXT, b"hello")
    peer.expect(TEXT, b"hello")
    refused(peer, frame(TEXT, b"hello", mask=None))


@check("a mask", (b"\0\0\0\0",), (b"\xff\xff\xff\xff",), (b"\0\0\0\1",))
def masks(peer, mask):
    peer.send(TEXT, b"hello, world", mask=mask)
    peer.expect(TEXT, b"hello, world")


# Lengths.

@check("a length at an edge", *((size,) for size in (0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536,
                                                      65_537, 1_000_003)))
def edges(peer, size):
    payload = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    peer.send(BINARY, payload)
    peer.expect(BINARY, payload)


@check("a length in more bytes than needed (length, bytes)", (0, 2), (5, 2), (125, 2), (0, 8), (5, 8), (125, 8),
       (126, 8), (65_535, 8))
def not_minimal(peer, length, size):
    refused(peer, frame(TEXT, b"x" * length, size=size))


@check("a control frame's length in more bytes than needed", (2,), (8,))
def not_minimal_control(peer, size):
    refused(peer, frame(PING, b"hello", size=size))


@check("a length of 2^63 and more", (1 << 63,), ((1 << 63) + 5,), ((1 << 64) - 1,))
def highest_bit(peer, length):
    refused(peer, frame(BINARY, b"hello", length=length, size=8), 1002, 1009)


@check("a length of less than 2^63 that is too much", ((1 << 63) - 1,), (1 << 62,), (1 << 40,), (1 << 32,))
def too_long(peer, length):
    # Its payload is not waited for.
    refused(peer, frame(TEXT, b"hello", length=length, size=8), 1009)


@check("a length of one more than the limit")
def over_limit(peer, limit):
    refused(peer, frame(BINARY, b"hello", length=limit + 1), 1009)


@check("a message whose fragments are more than the limit")
def fragments_over_limit(peer, limit):
    part = limit // 4 + 1
    try:
        peer.send(BINARY, bytes(part), fin=False)
        for _ in range(3):
            peer.send(CONTINUATION, bytes(part), fin=False)
    except OSError:
        pass  # Closed already: the reason is read below.
    peer.expect_close(1009)


# Reserved bits and opcodes.

@check("reserved bits", *((rsv, opcode) for rsv in (1, 2, 3, 4, 5, 6, 7) for opcode in (TEXT, BINARY, PING, CLOSE)))
def reserved_bits(peer, rsv, opcode):
    refused(peer, frame(opcode, rsv=rsv))


@check("reserved bits in a continuation", (1,), (2,), (4,))
def reserved_bits_later(peer, rsv):
    refused(peer, frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b", rsv=rsv))


@check("a reserved opcode", *((opcode, payload) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
                              for payload in (b"", b"hello")))
def reserved_opcodes(peer, opcode, payload):
    refused(peer, frame(opcode, payload))


# Control frames.

@check("a control frame of more than 125 bytes", *((opcode, size) for opcode in (PING, PONG, CLOSE)
                                                   for size in (126, 65_536)))
def long_control(peer, opcode, size):
    refused(peer, frame(opcode, struct.pack("!H", 1000) + b"x" * (size - 2)))


@check("a control frame in fragments", (PING,), (PONG,), (CLOSE,))
def fragmented_control(peer, opcode):
    refused(peer, frame(opcode, b"", fin=False))


@check("a ping is answered with its own bytes", (b"",), (b"x" * 125,), (bytes(range(125)),))
def ping(peer, payload):
    peer.send(PING, payload)
    peer.expect(PONG, payload)


@check("a pong that nobody asked for is ignored")
def pong(peer):
    peer.send(PONG, b"unasked")
    peer.send(TEXT, b"hello")
    peer.expect(TEXT, b"hello")


@check("pings among fragments are answered at once")
def ping_among_fragments(peer):
    peer.send(TEXT, b"one", fin=False)
    peer.send(PING, b"1")
    peer.expect(PONG, b"1")
    peer.send(CONTINUATION, b"", fin=False)
    peer.send(PING, b"2")
    peer.expect(PONG, b"2")
    peer.send(CONTINUATION, b"two")
    peer.expect(TEXT, b"onetwo")


# Fragments.

@check("a continuation without a beginning (fin, payload)", (True, b""), (False, b""), (True, b"x"), (False, b"x"))
def no_beginning(peer, fin, payload):
    refused(peer, frame(CONTINUATION, payload, fin=fin))


@check("a continuation after a whole message")
def no_beginning_later(peer):
    peer.send(TEXT, b"whole")
    peer.expect(TEXT, b"whole")
    refused(peer, frame(CONTINUATION, b"more"))


@check("a new message within another (first, second)", (TEXT, TEXT), (TEXT, BINARY), (BINARY, TEXT))
def within(peer, first, second):
    refused(peer, frame(first, b"a", fin=False) + frame(second, b"b"))


@check("1,000 fragments of a byte or none")
def many_fragments(peer):
    data = frame(TEXT, b"", fin=False)
    data += b"".join(frame(CONTINUATION, b"x" * (number % 2), fin=False) for number in range(999))
    peer.socket.sendall(data + frame(CONTINUATION))
    peer.expect(TEXT, b"x" * 499)


# UTF-8.

GREEK = "κόσμε € 𝄞 ﷽ ok".encode()


@check("a text split within its characters", *((at,) for at in range(len(GREEK) + 1)))
def split_text(peer, at):
    peer.send(TEXT, GREEK[:at], fin=False)
    peer.send(PING, b"between")
    peer.expect(PONG, b"between")
    peer.send(CONTINUATION, GREEK[at:])
    peer.expect(TEXT, GREEK)


@check("a text that ends within a character", *((GREEK[:at],) for at in (1, 3, 13, 17, 18, 19)))
def cut_text(peer, text):
    try:
        text.decode()
    except UnicodeDecodeError:
        refused(peer, frame(TEXT, text), 1007)
    else:
        peer.send(TEXT, text)
        peer.expect(TEXT, text)


@check("a text of ill-formed UTF-8", *((text,) for text in (
    b"\x80", b"\xbf", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf",
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xfe",
    b"\xff", b"hello\xc3", b"hello\xc3(", b"\xe2\x28\xa1", b"\xe2\x82\x28", b"\xf0\x9d\x84", b"x" * 70_000 + b"\xff")))
def ill_formed(peer, text):
    refused(peer, frame(TEXT, text), 1007)


@check("ill-formed UTF-8 over two frames", (b"\xe2", b"\x28"), (b"\xf0\x9d", b"ok"), (b"\xed", b"\xa0\x80"),
       (b"ok\xc3", b""), (b"\xf4", b"\x90\x80\x80"))
def ill_formed_split(peer, first, second):
    refused(peer, frame(TEXT, first, fin=False) + frame(CONTINUATION, second), 1007)


@check("noncharacters, and what lies beside the surrogates, are well-formed", *((text,) for text in (
    b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf", b"\0")))
def well_formed(peer, text):
    peer.send(TEXT, text)
    peer.expect(TEXT, text)


@check("binary is not UTF-8")
def binary(peer):
    peer.send(BINARY, b"\xff\xfe\x80")
    peer.expect(BINARY, b"\xff\xfe\x80")


# Closing.

@check("a close code that may be sent", *((code,) for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000,
                                                               3999, 4000, 4999)))
def allowed_code(peer, code):
    peer.send(CLOSE, struct.pack("!H", code) + "leaving ✓".encode())
    peer.expect_close(code, 1000)


@check("a close code that may not be sent", *((code,) for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000,
                                                                   2999, 5000, 65_535)))
def forbidden_code(peer, code):
    peer.send(CLOSE, struct.pack("!H", code))
    peer.expect_close(1002)


@check("a close frame of one byte")
def half_code(peer):
    peer.send(CLOSE, b"\x03")
    peer.expect_close(1002)


@check("a close frame without a code")
def no_code(peer):
    peer.send(CLOSE)
    peer.expect_close(None, 1000)


@check("a close frame whose reason is not UTF-8")
def ill_formed_reason(peer):
    peer.send(CLOSE, struct.pack("!H", 1000) + b"\xff")
    peer.expect_close(1007, 1002)


@check("what follows a close frame is not read")
def after_close(peer):
    peer.socket.sendall(frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, b"late") + frame(PING, b"late"))
    peer.expect_close(1000)


@check("what came before a close frame is answered")
def before_close(peer):
    peer.socket.sendall(frame(TEXT, b"early") + frame(CLOSE, struct.pack("!H", 1000)))
    peer.expect(TEXT, b"early")
    peer.expect_close(1000)


@check("a close frame within a message")
def close_within(peer):
    peer.send(TEXT, b"begun", fin=False)
    peer.send(CLOSE, struct.pack("!H", 1000))
    peer.expect_close(1000)


@check("an end within a frame ends the connection", (1,), (2,), (3,), (6,), (8,))
def end_within(peer, count):
    peer.socket.sendall(frame(TEXT, b"hello, world")[:count])
    peer.socket.shutdown(1)
    try:
        while True:
            peer.receive()
    except (EOFError, ConnectionResetError):
        pass


# Pieces.

@check("one byte at a time")
def single_bytes(peer):
    data = frame(TEXT, GREEK, fin=False) + frame(PING, b"hi") + frame(CONTINUATION, b"x" * 200)
    for byte in data:
        peer.socket.sendall(bytes([byte]))
        time.sleep(0.0005)  # So that it is a packet of its own; nothing waits for it.
    peer.expect(PONG, b"hi")
    peer.expect(TEXT, GREEK + b"x" * 200)


@check("a frame in two pieces, at each byte", *((size,) for size in (5, 126, 300)))
def two_pieces(peer, size):
    data = frame(BINARY, b"y" * size)
    for at in list(range(1, 16)) + [len(data) - 1]:
        if at < len(data):
            peer.socket.sendall(data[:at])
            peer.socket.sendall(data[at:])
            peer.expect(BINARY, b"y" * size)


@check("2,000 frames in one packet")
def one_packet(peer):
    frames = [frame(PING, b"%d" % number) if number % 3 == 0 else frame(TEXT, b"%d" % number) for number in range(2_000)]
    peer.socket.sendall(b"".join(frames))
    came = {PONG: [], TEXT: []}
    for _ in range(2_000):
        opcode, payload = peer.message()
        came[opcode].append(int(payload))
    # A pong may overtake an echo, and neither its own kind.
    if came != {PONG: list(range(0, 2_000, 3)), TEXT: [number for number in range(2_000) if number % 3]}:
        raise Violation("not all came, or not in order")


def main(address, limit):
    failed = 0
    for title, function, case in CHECKS:
        peer = None
        try:
            peer = RawWebSocket(address)
            function(peer, *case, **({"limit": limit} if "limit" in function.__code__.co_varnames[:2] else {}))
        except (Violation, OSError, EOFError) as error:
            failed += 1
            print(f"FAILED: {title}: {error or type(error).__name__}", flush=True)
        finally:
            if peer:
                peer.close()
    print(f"Frames: {len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1 << 25))
