"""Small pictures and other files for the tests."""
import os
import struct
import zlib


def png(path, width, height, color):
    """A PNG with a soft gradient of one color (red, green, blue)."""
    rows = b"".join(
        b"\0" + b"".join(
            bytes(min(255, part * (x + y + 40) // (width + height)) for part in color) for x in range(width))
        for y in range(height))

    def chunk(kind, data):
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def plain(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def size_of(path):
    return os.path.getsize(path)
