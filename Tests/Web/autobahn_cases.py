"""Runs the Autobahn test suite against a WebSocket echo server.

Usage: autobahn_cases.py HOST:PORT [CASE ...]
A case is a number like 6.4 or 9.1.6, with all that begins with it; without any: 1-7, 9.1, 9.2, 9.5 and 10.
Prints a line for each case that is not OK, and a summary. Exits with 1 if a case failed.

The cases are those of PyPI's autobahntestsuite, unchanged but for what Python 3 can't read; PyPI's current autobahn is the
client below them. In the suite a string is bytes (Python 2); here such a string has a character for each byte (Latin-1),
and becomes bytes where it is sent.
"""
import asyncio
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
import types
from pathlib import Path

# autobahn would use it for TLS if it could, and the system's does not go with a newer cryptography.
sys.modules["OpenSSL"] = None
import txaio

txaio.use_asyncio()
from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.protocol import WebSocketProtocol

# A frame in pieces goes out a piece for each turn of the event loop, without waiting.
WebSocketProtocol._QUEUED_WRITE_DELAY = 0

DEFAULT = ["1", "2", "3", "4", "5", "6", "7", "9.1", "9.2", "9.5", "10"]
PASSED = ("OK", "NON-STRICT", "INFORMATIONAL")
# Many wait most of the time; those that move megabytes run one after another.
AT_ONCE = 40
DEADLINE = 60


class Python2Finder(importlib.abc.MetaPathFinder):
    """Finds the suite's modules by the names they call each other: `case`, `case1_1_1`."""

    def __init__(self):
        package = importlib.util.find_spec("autobahntestsuite")
        if package is None:
            sys.exit("autobahntestsuite is not installed")
        self.folder = Path(package.submodule_search_locations[0]) / "case"

    def find_spec(self, name, path=None, target=None):
        file = self.folder / (name + ".py")
        if not name.startswith("case") or not file.exists():
            return None
        return importlib.util.spec_from_file_location(name, file, loader=Python2Loader(name, str(file)))


class Python2Loader(importlib.machinery.SourceFileLoader):
    CHANGES = [
        (r"(?m)^( *)print (.+)$", r"\1print(\2)"),
        (r"\(object, Case, \)", "(Case, )"),
        (r"v\.validate\(vss\[:i\]\)", "v.validate(vss[:i].encode('latin-1'))"),
        (r"len\(self\.payload\) / ", "len(self.payload) // "),
    ]

    def get_code(self, name):
        text = self.get_data(self.path).decode("latin-1")
        for pattern, replacement in self.CHANGES:
            text = re.sub(pattern, replacement, text)
        return compile(text, self.path, "exec", dont_inherit=True)

    def exec_module(self, module):
        hexadecimal = types.SimpleNamespace(b2a_hex=lambda value: as_bytes(value).hex())
        imported = module.__builtins__ = dict(vars(builtins), xrange=range, unichr=chr)
        real_import = builtins.__import__
        imported["__import__"] = lambda name, *rest: (
            hexadecimal if name == "binascii" else real_import(name, *rest))
        super().exec_module(module)


def as_bytes(value):
    return value.encode("latin-1") if isinstance(value, str) else value


def load_cases(patterns):
    """The suite's classes whose number begins with one of these, in order of their numbers."""
    finder = Python2Finder()
    sys.meta_path.insert(0, finder)
    cases = {}
    for file in finder.folder.glob("case[0-9]*.py"):
        # Compression is not spoken here.
        if file.stem.startswith(("case12", "case13", "case9_7", "case9_9")):
            continue
        for value in vars(importlib.import_module(file.stem)).values():
            for one in value if isinstance(value, list) else [value]:
                name = getattr(one, "__name__", "")
                if isinstance(one, type) and re.fullmatch(r"Case(\d+_)+\d+", name):
                    cases[tuple(int(part) for part in name[4:].split("_"))] = one
    wanted = [tuple(int(part) for part in pattern.split(".")) for pattern in patterns]
    chosen = {
        number: case for number, case in cases.items()
        if any(number[:len(prefix)] == prefix for prefix in wanted)}
    for case in chosen.values():
        case.compare = lambda self, ours, theirs: ours == theirs
    return sorted(chosen.items())


class Client(WebSocketClientProtocol):
    """What a case knows as `p`."""

    def __init__(self, case, ended):
        super().__init__()
        self.runCase = case(self)
        self.ended = ended
        self.connectionWasOpen = False
        self.createWirelog = False
        self.txFrameStats = {}

    def enableWirelog(self, isEnabled):
        pass

    # What happens.

    def onOpen(self):
        self.connectionWasOpen = True
        self.runCase.onOpen()

    def onMessage(self, payload, isBinary):
        self.runCase.onMessage(payload.decode("latin-1"), isBinary)

    def onPong(self, payload):
        self.runCase.onPong(payload.decode("latin-1"))

    def onClose(self, wasClean, code, reason):
        self.runCase.onClose(wasClean, code, reason)

    def connection_lost(self, error):
        super().connection_lost(error)
        self.runCase.onConnectionLost(self.failedByMe)
        if not self.ended.done():
            self.ended.set_result(None)

    # What a case does.

    def later(self, seconds, action):
        def act():
            if self.state != self.STATE_CLOSED:
                action()
        asyncio.get_running_loop().call_later(seconds, act)

    def continueLater(self, seconds, action, tag=None):
        self.later(seconds, action)

    def killAfter(self, seconds):
        self.later(seconds, self._fail_connection)

    def closeAfter(self, seconds):
        self.later(seconds, self.sendClose)

    def logTxFrame(self, header, payload, repeatLength, chopsize, sync):
        self.txFrameStats[header.opcode] = self.txFrameStats.get(header.opcode, 0) + 1

    def sendFrame(self, opcode, payload=b"", **options):
        super().sendFrame(opcode, as_bytes(payload), **options)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code, as_bytes(reasonUtf8), isReply)

    def sendMessage(self, payload, *arguments, **options):
        super().sendMessage(as_bytes(payload), *arguments, **options)

    def sendMessageFrameData(self, payload, sync=False):
        return super().sendMessageFrameData(as_bytes(payload), sync)


async def run(address, case):
    """Runs a case on a connection of its own: how it ended, and why."""
    loop = asyncio.get_running_loop()
    host, port = address.rsplit(":", 1)
    ended = loop.create_future()
    factory = WebSocketClientFactory(f"ws://{address}/", loop=loop)
    factory.logFrames = True
    factory.setProtocolOptions(failByDrop=False)

    def protocol():
        client = Client(case, ended)
        client.factory = factory
        return client

    transport, client = await loop.create_connection(protocol, host, int(port))
    try:
        await asyncio.wait_for(ended, DEADLINE)
    except asyncio.TimeoutError:
        transport.abort()
        return "FAILED", f"no end within {DEADLINE} s"
    outcome = client.runCase
    code = f" (closed with {client.remoteCloseCode})"
    if outcome.behavior in PASSED and outcome.behaviorClose not in PASSED:
        return outcome.behaviorClose, outcome.resultClose + code
    return outcome.behavior, outcome.result + code


async def main(address, patterns):
    cases = load_cases(patterns)
    counts = {}
    turns = asyncio.Semaphore(AT_ONCE)

    async def count(number, case):
        async with turns:
            outcome, reason = await run(address, case)
        counts[outcome] = counts.get(outcome, 0) + 1
        if outcome != "OK":
            print(f"{'.'.join(map(str, number))}: {outcome}: {' '.join(reason.split())}", flush=True)

    await asyncio.gather(*(count(*entry) for entry in cases if entry[0][0] != 9))
    for entry in cases:
        if entry[0][0] == 9:
            await count(*entry)
    failed = sum(number for outcome, number in counts.items() if outcome not in PASSED)
    kinds = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
    print(f"Autobahn: {len(cases)} cases: {kinds}; {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:] or DEFAULT)))
