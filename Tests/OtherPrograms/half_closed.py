"""Sends a request over TLS, ends its side, and reads to the end.

Usage: half_closed.py PORT
Prints the last line of the answer, and whether the server said that this was all (close_notify).
"""
import socket
import ssl
import sys

context = ssl._create_unverified_context()
context.set_alpn_protocols(["http/1.1"])
came, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(came, sent)
plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)


def attempt(step):
    """Takes a step; says whether it needs more from the server."""
    try:
        step()
        return False
    except ssl.SSLWantReadError:
        return True
    finally:
        plain.sendall(sent.read())


while attempt(tls.do_handshake):
    came.write(plain.recv(65536))
tls.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
attempt(tls.unwrap)
answer = b""
is_told = False
while more := plain.recv(65536):
    came.write(more)
    try:
        while data := tls.read(65536):
            answer += data
        is_told = True
    except ssl.SSLWantReadError:
        pass
    except ssl.SSLZeroReturnError:
        is_told = True
print(answer.decode().split("\n")[-2], is_told)
