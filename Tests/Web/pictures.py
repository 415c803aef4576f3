"""Small pictures and other files for the tests."""
import os
import struct
import zlib


def png(path, width, height, color):
    """A PNG with a soft gradient of one color (red, green, blue)."""
    return draw(path, width, height, lambda x, y: tuple(
        min(255, part * (x + y + 40) // (width + height)) for part in color))


def shed(path):
    """A PNG of a small house below a sky, 640 by 360."""
    def color(x, y):
        if 250 <= x < 430 and 170 <= y < 290:
            if 320 <= x < 365 and y >= 215:
                return (92, 58, 38)
            if (275 <= x < 308 or 378 <= x < 408) and 195 <= y < 230:
                return (245, 226, 160)
            return (176, 106, 72) if y // 12 % 2 else (168, 99, 66)
        if 110 <= y < 170 and abs(x - 340) < (y - 105) * 2:
            return (120, 52, 48)
        if y > 265 + (x - 320) ** 2 // 9_000:
            return (86 + (x * 7 + y * 13) % 9, 140 + (x * 5 + y * 3) % 11, 74)
        if (x - 540) ** 2 + (y - 80) ** 2 < 1_300:
            return (255, 224, 130)
        return (130 + y // 3, 185 + y // 6, 235)
    return draw(path, 640, 360, color)


def draw(path, width, height, color):
    """A PNG of what a function says for each point: red, green, blue."""
    rows = b"".join(b"\0" + b"".join(bytes(color(x, y)) for x in range(width)) for y in range(height))

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
