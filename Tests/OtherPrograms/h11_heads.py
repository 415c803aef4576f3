#!/usr/bin/env python3
"""Reads heads of HTTP requests with h11, one on each line of standard input in hexadecimal, and says how it read them.

Each is followed by 4,096 bytes of body. A line of output is JSON: {"refused": WHY}, or the method, the target, the
version and the fields (in hexadecimal, names in lower case), and how many bytes the body has (null if it has more).
"""

import json
import sys

# Where Debian and Ubuntu put it, whichever Python this is.
sys.path.append("/usr/lib/python3/dist-packages")
import h11


def read(head):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head + b"x" * 4096)
    request = connection.next_event()
    if not isinstance(request, h11.Request):
        return {"refused": "incomplete"}
    length = 0
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Data):
            length += len(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
        else:
            length = None
            break
    return {
        "method": request.method.hex(),
        "target": request.target.hex(),
        "version": request.http_version.decode(),
        "fields": [[name.hex(), value.hex()] for name, value in request.headers],
        "bodyLength": length,
    }


for line in sys.stdin:
    try:
        answer = read(bytes.fromhex(line))
    except h11.RemoteProtocolError as error:
        answer = {"refused": str(error)}
    print(json.dumps(answer))
