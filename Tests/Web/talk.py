"""The server under test, and those who talk with it without a browser."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from browser import Failure, end_with_parent, wait


class Output:
    """The lines that something prints, as they come."""

    def __init__(self, name, file):
        self.name = name
        self.lines = []
        threading.Thread(target=self.read, args=(file,), daemon=True).start()

    def read(self, file):
        try:
            for line in file:
                self.lines.append(line.decode(errors="replace").rstrip("\r\n"))
        except (OSError, ValueError):
            pass

    def expect(self, line):
        """Waits for a line that is this, or ends with it."""
        try:
            wait(f"{self.name} reads {line!r}", lambda: any(one.endswith(line) for one in self.lines))
        except Failure as failure:
            raise Failure(f"{failure}; it reads {self.lines[-15:]}") from None

    def count(self, line):
        return sum(one == line for one in self.lines)


class Server:
    """chat-server on a port of its own, which stays the same when it is started again."""

    def __init__(self, program, *arguments):
        self.program = program
        # On a busy machine a browser's request may come late; who has been greeted is not answered by HTTP.
        self.arguments = ["--rate", "0", "--greet-after", "1000", *arguments]
        self.data = tempfile.mkdtemp(prefix="chat-page-")
        self.port = 0
        self.start()

    def start(self):
        # A port that was just left may still be taken for a moment.
        end = time.monotonic() + 20
        while True:
            self.errors = open(os.path.join(self.data, "errors.txt"), "ab")
            self.process = subprocess.Popen(
                [self.program, "--port", str(self.port), "--data", os.path.join(self.data, "data"), *self.arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, preexec_fn=end_with_parent)
            line = self.process.stdout.readline().decode()
            if line.startswith("chat "):
                break
            if time.monotonic() > end:
                raise Failure(f"the server does not start: {self.log()}")
        self.port = int(line.rsplit(":", 1)[1])
        self.address = f"127.0.0.1:{self.port}"
        self.origin = f"http://{self.address}"

    def log(self):
        with open(os.path.join(self.data, "errors.txt"), errors="replace") as file:
            return file.read()[-2000:]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)


class Plain(Output):
    """A plain socket, as nc is one."""

    def __init__(self, server, nickname, room=None):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        super().__init__(nickname, self.socket.makefile("rb"))
        self.nickname = nickname
        # At once: who says nothing is greeted only when the server has waited for a request of HTTP.
        self.send((f"[ROOM]:{room}\n" if room else "") + nickname)
        self.expect("Connected to server!")

    def send(self, text):
        self.socket.sendall((text + "\n").encode())

    def say(self, text):
        self.send(text)
        self.expect(f"{self.nickname}: {text}")

    def end(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


class Client(Output):
    """chat-client, without a terminal."""

    def __init__(self, program, server, nickname, room, *arguments):
        self.folder = tempfile.mkdtemp(prefix="chat-page-client-")
        self.process = subprocess.Popen(
            [program, "--nick", nickname, "--room", room, "--downloads", self.folder, *arguments, server.address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent)
        super().__init__(nickname, self.process.stdout)

    def say(self, text):
        self.process.stdin.write((text + "\n").encode())
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
