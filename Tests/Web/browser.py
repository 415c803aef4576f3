"""Drives Chromium and Firefox by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).

Chromium is reached through chromedriver; Firefox speaks it itself. PyPI's websockets carries it.
Every wait here is for a condition, with a deadline.
"""
import base64
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

DEADLINE = 40

# Keys that are no characters (WebDriver, "keyboard actions").
ENTER, TAB, ESCAPE, SHIFT, CONTROL, BACKSPACE = "\uE007", "\uE004", "\uE00C", "\uE008", "\uE009", "\uE003"
PAGE_UP, END, HOME, UP, DOWN, SPACE = "\uE00E", "\uE010", "\uE011", "\uE013", "\uE015", " "


class Failure(Exception):
    """Something that a scenario waited for did not happen."""


def wait(what, condition, deadline=DEADLINE):
    """Waits until the condition holds, and returns its value."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {deadline} s")
        time.sleep(0.02)


def program(*names):
    """The first of these programs that is installed, or None."""
    return next(filter(None, map(shutil.which, names)), None)


def end_with_parent():
    """Has the kernel end a program when this one has ended (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Connection:
    """One BiDi connection: commands with their answers, and events."""

    def __init__(self, url):
        # Its end is the end of the process.
        self.socket = connect(
            url, max_size=None, open_timeout=DEADLINE, ping_interval=None, compression=None, proxy=None).__enter__()
        self.changed = threading.Condition()
        self.answers = {}
        self.listeners = []
        self.last = 0
        self.has_ended = False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for text in self.socket:
                message = json.loads(text)
                if message.get("type") == "event":
                    for listener in list(self.listeners):
                        listener(message["method"], message["params"])
                    continue
                with self.changed:
                    self.answers[message.get("id")] = message
                    self.changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            with self.changed:
                self.has_ended = True
                self.changed.notify_all()

    def send(self, method, /, **parameters):
        with self.changed:
            self.last += 1
            number = self.last
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        with self.changed:
            self.changed.wait_for(lambda: number in self.answers or self.has_ended, DEADLINE)
            answer = self.answers.pop(number, None)
        if answer is None:
            raise Failure(f"{method}: no answer from the browser")
        if answer["type"] == "error":
            raise Failure(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]


class Browser:
    """A browser that runs until `quit`. `entries` is what pages wrote to the console and did not get, `requests` what
    they asked for."""

    name = "?"

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="chat-browser-")
        self.processes = []
        self.entries = []
        self.requests = []
        try:
            self.start()
        except BaseException:
            self.quit()
            raise

    def run(self, arguments, pattern):
        """Starts a program, and waits for the line of its output that matches."""
        environment = dict(os.environ, HOME=self.folder, TMPDIR=self.folder, MOZ_HEADLESS="1", LC_ALL="C.UTF-8")
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment, start_new_session=True, preexec_fn=end_with_parent)
        self.processes.append(process)
        found, lines = [], []

        def read():
            for line in process.stdout:
                lines.append(line)
                match = re.search(pattern, line)
                if match:
                    found.append(match.group(1))

        threading.Thread(target=read, daemon=True).start()
        wait(f"{arguments[0]} starts", lambda: found or process.poll() is not None)
        if not found:
            raise Failure(f"{arguments[0]} ended: {''.join(lines[-5:])}")
        return found[0]

    def begin(self, url):
        self.connection = Connection(url)
        self.connection.listeners.append(self.notice)

    def subscribe(self):
        self.connection.send(
            "session.subscribe",
            events=["log.entryAdded", "network.beforeRequestSent", "network.fetchError", "input.fileDialogOpened"])

    def notice(self, method, event):
        if method == "log.entryAdded":
            self.entries.append(f"{event['level']}: {event.get('text')}")
        elif method == "network.beforeRequestSent":
            self.requests.append(event["request"]["url"])
        elif method == "network.fetchError":
            self.entries.append(f"no answer: {event['request']['url']}: {event['errorText']}")

    def page(self, is_alone=True):
        """A new page; alone: with cookies and storage of its own."""
        options = {"type": "tab"}
        if is_alone:
            options["userContext"] = self.connection.send("browser.createUserContext")["userContext"]
        page = Page(self, self.connection.send("browsingContext.create", **options)["context"])
        return page

    def quit(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Chromium(Browser):
    name = "Chromium"

    @staticmethod
    def is_there():
        return program("chromium", "chromium-browser", "google-chrome") and program("chromedriver")

    def start(self):
        port = self.start_driver()
        options = {
            "binary": program("chromium", "chromium-browser", "google-chrome"),
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={self.folder}/profile", "--lang=en-US"],
        }
        wanted = {"capabilities": {"alwaysMatch": {
            "webSocketUrl": True, "goog:chromeOptions": options, "unhandledPromptBehavior": "ignore"}}}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/session", json.dumps(wanted).encode(), {"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=DEADLINE) as answer:
            session = json.load(answer)["value"]
        self.begin(session["capabilities"]["webSocketUrl"])
        self.subscribe()

    def start_driver(self):
        """Starts chromedriver: its port."""
        for attempt in range(8):
            try:
                return self.run([program("chromedriver"), "--port=0"], r"started successfully on port (\d+)")
            except Failure as failure:
                # It takes a free port of IPv6, and then the same of IPv4, which may be taken.
                if "Address already in use" not in str(failure) or attempt == 7:
                    raise

    def devtools(self, page, method, /, **parameters):
        """A command of the DevTools protocol, for what BiDi has not."""
        session = self.connection.send("goog:cdp.getSession", context=page.context)["session"]
        return self.connection.send(
            "goog:cdp.sendCommand", method=method, params=parameters, session=session)["result"]


class Firefox(Browser):
    name = "Firefox"
    PREFERENCES = {
        "app.update.disabledForTesting": True, "browser.shell.checkDefaultBrowser": False,
        "datareporting.policy.dataSubmissionEnabled": False, "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False, "browser.safebrowsing.update.enabled": False,
        "extensions.update.enabled": False, "services.settings.server": "data:,", "intl.accept_languages": "en-US",
        "browser.startup.page": 0, "toolkit.telemetry.enabled": False, "browser.region.network.url": "",
    }

    @staticmethod
    def is_there():
        return program("firefox-esr", "firefox")

    def start(self):
        profile = os.path.join(self.folder, "profile")
        os.mkdir(profile)
        with open(os.path.join(profile, "user.js"), "w") as file:
            for key, value in self.PREFERENCES.items():
                file.write(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n")
        url = self.run(
            [self.is_there(), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
            r"BiDi listening on (ws://\S+)")
        self.begin(url + "/session")
        self.connection.send("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "ignore"}}})
        self.subscribe()


class Page:
    """A tab."""

    def __init__(self, browser, context):
        self.browser = browser
        self.context = context

    def send(self, method, /, **parameters):
        return self.browser.connection.send(method, context=self.context, **parameters)

    def open(self, url):
        self.send("browsingContext.navigate", url=url, wait="complete")

    def reload(self):
        self.send("browsingContext.reload", wait="complete")

    def prepare(self, script):
        """Runs a script in every document of this page before its own."""
        self.browser.connection.send(
            "script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}", contexts=[self.context])

    def evaluate(self, expression):
        """The value of a JavaScript expression (of its promise), by way of JSON."""
        answer = self.browser.connection.send(
            "script.evaluate", target={"context": self.context}, awaitPromise=True, userActivation=True,
            expression=f"(async () => JSON.stringify(await ({expression})))()")
        if answer["type"] == "exception":
            raise Failure(f"{answer['exceptionDetails']['text']} in {expression[:200]}")
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    def wait(self, what, expression, deadline=DEADLINE):
        """Waits until an expression is true; while a document changes, it is not."""
        def condition():
            try:
                return self.evaluate(expression)
            except Failure:
                return None
        try:
            return wait(what, condition, deadline)
        except Failure as failure:
            raise Failure(f"{self.browser.name}: {failure}; the page reads:\n{self.text()}") from None

    def text(self):
        try:
            return "\n".join(line for line in self.evaluate("document.body.innerText").split("\n") if line.strip())[-1500:]
        except Failure as failure:
            return str(failure)

    def element(self, selector):
        """The first element that matches, once it is there."""
        def find():
            nodes = self.send("browsingContext.locateNodes", locator={"type": "css", "value": selector}, maxNodeCount=1)
            return nodes["nodes"] and nodes["nodes"][0]["sharedId"]
        return {"sharedId": wait(f"{self.browser.name}: {selector}", find)}

    def click(self, selector):
        """A mouse click in the middle of an element that can be seen."""
        name = json.dumps(selector)
        self.wait(f"{selector} can be clicked", f"""(() => {{
            const element = document.querySelector({name});
            if (!element || element.disabled) return false;
            element.scrollIntoView({{block: "nearest", behavior: "instant"}});
            const box = element.getBoundingClientRect();
            if (!box.width || !box.height) return false;
            const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return !!hit && (element.contains(hit) || hit.contains(element));
        }})()""")
        origin = {"type": "element", "element": self.element(selector)}
        self.send("input.performActions", actions=[{
            "type": "pointer", "id": "mouse", "actions": [
                {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
                {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]}])

    def press(self, keys, holding=()):
        """Presses keys one after another, holding others."""
        actions = [{"type": "keyDown", "value": key} for key in holding]
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        actions += [{"type": "keyUp", "value": key} for key in reversed(holding)]
        self.send("input.performActions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def fill(self, selector, text):
        """Types a text into a field, in place of what it holds."""
        self.click(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        self.press(text or BACKSPACE)

    def set_files(self, selector, *paths):
        self.send("input.setFiles", element=self.element(selector), files=[os.path.abspath(path) for path in paths])

    def viewport(self, width, height, ratio=1):
        self.send("browsingContext.setViewport", viewport={"width": width, "height": height}, devicePixelRatio=ratio)

    def screenshot(self, path):
        data = self.send("browsingContext.captureScreenshot", origin="viewport")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.send("browsingContext.close")
