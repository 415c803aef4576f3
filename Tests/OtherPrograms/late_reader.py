"""Fetches the beginning of a file over TLS and reads it late, with little space in the system.

Usage: late_reader.py PORT PATH CLOSES
Prints a line for each length that does not come whole, or whose end comes late.
"""
import socket
import ssl
import sys
import time

port, path, closes = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "true"
context = ssl._create_unverified_context()
context.set_alpn_protocols(["http/1.1"])
for count in range(9 * 16384, 25 * 16384, 16384):
    plain = socket.socket()
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    plain.settimeout(30)
    plain.connect(("127.0.0.1", port))
    tls = context.wrap_socket(plain)
    close = "Connection: close\r\n" if closes else ""
    tls.sendall(
        f"GET {path} HTTP/1.1\r\nHost: a\r\n{close}Range: bytes=0-{count - 1}\r\n\r\n".encode())
    time.sleep(0.15)
    answer, end, pause = b"", None, 0
    while end is None or len(answer) < end:
        start = time.monotonic()
        more = tls.recv(4000)
        pause = max(pause, time.monotonic() - start)
        if not more:
            break
        answer += more
        if end is None and b"\r\n\r\n" in answer:
            end = answer.index(b"\r\n\r\n") + 4 + count
    if len(answer) != end or pause > 5:
        print(f"{len(answer)} of {end}, after a pause of {pause:.1f} s")
    tls.close()
print("done")
