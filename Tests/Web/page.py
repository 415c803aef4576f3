"""The page in Chromium and Firefox, with chat-client and plain sockets beside it.

Usage: page.py --server CHAT-SERVER --client CHAT-CLIENT [--screenshots FOLDER] [SCENARIO ...]
Prints a line for each scenario, and a summary. Exits with 1 if one failed.
Where Chromium or Firefox is missing it says so; without both, nothing is run.
"""
import argparse
import os
import re
import sys
import tempfile
import threading
import time
import traceback

import accessibility
import hostile
import pictures
import screens
from browser import ENTER, SHIFT, TAB, Chromium, Failure, Firefox, wait
from chat_page import (
    BANNER, CODE, COMPOSER, CREATE, FILE_BUTTON, JOIN, LEAVE, NAME, ChatPage, shown, told)
from talk import Client, Plain, Server

SCENARIOS = []


def scenario(function):
    SCENARIOS.append(function)
    return function


class Stage:
    """What a scenario has: both browsers, a server of its own, a folder, and everybody who is to be ended."""

    def __init__(self, browsers, options):
        self.chromium, self.firefox = browsers
        self.browsers = list(dict.fromkeys(browsers))
        self.options = options
        self.folder = tempfile.TemporaryDirectory(prefix="chat-page-files-")
        self.everybody = []
        self.server = self.add(Server(options.server))

    def add(self, somebody):
        self.everybody.append(somebody)
        return somebody

    def page(self, browser, name):
        page = ChatPage(browser, self.server, name)
        self.everybody.append(Closing(page))
        return page

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def end(self):
        for somebody in reversed(self.everybody):
            somebody.end()
        self.folder.cleanup()


class Closing:
    def __init__(self, page):
        self.page = page

    def end(self):
        self.page.close()


def demand(what, condition):
    if not condition:
        raise Failure(what)


@scenario
def errors(stage):
    """the home view names what is missing, and a room that isn't there"""
    stage.add(Plain(stage.server, "nina", "#open"))
    for browser in stage.browsers:
        page = stage.page(browser, "alice")
        page.home()
        # Once more, now that the browser has it in its cache.
        page.home()
        page.click(CREATE)
        page.expect_error("Please enter a name")
        page.fill(NAME, "alice")
        page.click(JOIN)
        page.expect_error("Please enter the room code")
        page.fill(CODE, "abcdef")
        page.click(JOIN)
        page.expect_error("Room not found")
        page.wait("the public room is listed", "document.body.innerText.includes('open')")


@scenario
def spelling(stage):
    """a room in capitals and a name in pieces are those that the server makes of them"""
    for browser in stage.browsers:
        mia = stage.add(Plain(stage.server, f"mia{browser.name}", "#team"))
        tu = stage.page(browser, f"Tu\u0301{browser.name}")
        tu.home()
        tu.fill(NAME, tu.name)
        tu.fill(CODE, "#Team")
        tu.click(JOIN)
        tu.name = f"T\u00fa{browser.name}"
        tu.entered()
        tu.say("once")
        mia.expect(f"{tu.name}: once")
        tu.reads("once")
        tu.page.fill(COMPOSER, f"/msg {mia.name} for you")
        tu.page.press(ENTER, holding=SHIFT)
        tu.page.press("alone" + ENTER)
        mia.expect(f"[NOTICE]:{tu.name} tells you: for you alone")


@scenario
def talk(stage):
    """a room by link and by code, with chat-client and nc: every line once everywhere, and images from both sides"""
    alice = stage.page(stage.chromium, "alice")
    code = alice.create()
    demand(f"a code, not {code!r}", re.fullmatch(r"[A-Za-z]{6}", code))
    bob = stage.page(stage.firefox, "bob")
    bob.follow(f"/r/{code}")
    carol = stage.page(stage.chromium, "carol")
    demand("the same room", carol.join(code) == code)
    clara = stage.add(Client(stage.options.client, stage.server, "clara", code))
    clara.expect("clara joined!")
    nina = stage.add(Plain(stage.server, "nina", code))
    pages, programs = [alice, bob, carol], [clara, nina]

    said = []
    for somebody in pages + programs:
        said.append(f"hello from {somebody.name}: grüße <3 & 🎈")
        somebody.say(said[-1])
    for text in said:
        for page in pages:
            page.reads(text)
    for somebody, text in zip(pages + programs, said):
        for program in programs:
            program.expect(f"{somebody.name}: {text}")
    for page in pages:
        demand(f"{page.name} reads every line once: {page.texts()}", sorted(page.texts()) == sorted(said))
        demand(f"{page.name} reads them in the order of all: {page.texts()}", page.texts() == alice.texts())
    for somebody, text in zip(pages + programs, said):
        for program in programs:
            # What chat-client says itself is not printed a second time, or once: never twice.
            times = program.count(f"{somebody.name}: {text}")
            demand(f"{program.name} reads {text!r} {times} times", times == 1)

    alice.attach(pictures.png(stage.path("from the page.png"), 300, 200, (90, 160, 250)))
    for page in pages:
        page.sees_picture("from the page.png")
    nina.expect(f"alice sent from the page.png ({size_text(stage.path('from the page.png'))})")
    path = pictures.png(stage.path("terminal.png"), 320, 240, (250, 160, 90))
    erin = stage.add(Client(stage.options.client, stage.server, "erin", code, "--send", path))
    demand("chat-client has sent it", erin.process.wait(40) == 0)
    for page in pages:
        page.sees_picture("terminal.png")
    for program in programs:
        sent = [line for line in program.lines if " sent " in line and not line.startswith("[")]
        demand(f"{program.name} is told of two files: {sent}", len(sent) == 2)

    carol.click(LEAVE)
    carol.wait("the home view", shown(NAME))
    nina.expect("carol left!")
    demand("nobody else left", [line for line in nina.lines if line.endswith(" left!")] == ["erin left!", "carol left!"])


def size_text(path):
    size = pictures.size_of(path)
    return f"{size} B" if size < 1_000 else f"{size / 1_000:.1f} kB" if size < 10_000 else f"{size / 1_000:.0f} kB"


@scenario
def restart(stage):
    """the server is killed while everybody talks, and started again: nothing is lost or doubled"""
    alice = stage.page(stage.chromium, "alice")
    code = alice.create()
    bob = stage.page(stage.firefox, "bob")
    bob.join(code)
    clara = stage.add(Client(stage.options.client, stage.server, "clara", code))
    clara.expect("clara joined!")
    count, faults = 40, []
    reached = threading.Event()

    def speak(somebody, pause):
        try:
            for number in range(count):
                somebody.say(f"{somebody.name} {number}")
                if number == count // 4:
                    reached.set()
                time.sleep(pause)  # So that it lasts; nothing is decided by it.
        except Exception as error:
            faults.append(error)
            reached.set()

    speakers = [threading.Thread(target=speak, args=arguments) for arguments in [(alice, 0), (bob, 0), (clara, 0.05)]]
    for speaker in speakers:
        speaker.start()
    reached.wait(60)
    stage.server.kill()
    for page in [alice, bob]:
        page.wait("the banner", told(BANNER))
    stage.server.start()
    for speaker in speakers:
        speaker.join(120)
    if faults:
        raise faults[0]
    said = sorted(f"{name} {number}" for name in ["alice", "bob", "clara"] for number in range(count))
    for page in [alice, bob]:
        page.wait("no banner", f"!({told(BANNER)})")
        for name in ["alice", "bob", "clara"]:
            page.reads(f"{name} {count - 1}")
        texts = page.texts()
        twice = sorted({text for text in texts if texts.count(text) > 1})
        demand(f"{page.name} lost {sorted(set(said) - set(texts))}, reads twice {twice}", sorted(texts) == said)
        for name in ["alice", "bob", "clara"]:
            own = [text for text in texts if text.startswith(name)]
            demand(f"{page.name} reads {name} in order: {own}", own == [f"{name} {number}" for number in range(count)])
    demand("both read the same", alice.texts() == bob.texts())


@scenario
def reload(stage):
    """a reload in mid-sentence keeps the text, the room and the name"""
    nina = stage.add(Plain(stage.server, "nina"))
    for browser in stage.browsers:
        alice = stage.page(browser, f"alice-{browser.name}")
        code = alice.create()
        alice.say("before the reload")
        alice.page.fill(COMPOSER, "half a sen")
        alice.page.reload()
        demand("the same room", alice.entered() == code)
        alice.wait("the typed text", f"document.querySelector('{COMPOSER}').value === 'half a sen'")
        alice.reads("before the reload")
        alice.click(COMPOSER)
        alice.page.evaluate(f"(e => e.setSelectionRange(e.value.length, e.value.length))(document.querySelector('{COMPOSER}'))")
        alice.page.press("tence" + ENTER)
        alice.reads("half a sentence")
        demand(f"each once: {alice.texts()}", alice.texts() == ["before the reload", "half a sentence"])
        nina.send(f"[MSG]:alice-{browser.name} are you there?")
        alice.reads_log("are you there?")


@scenario
def keyboard(stage):
    """with the keyboard alone: join, talk, a file, leave"""
    nina = stage.add(Plain(stage.server, "nina", "#keys"))
    for browser in stage.browsers:
        name = f"kim-{browser.name}"
        kim = stage.page(browser, name)
        kim.home()
        dialogs = []
        browser.connection.listeners.append(
            lambda method, event: dialogs.append(event) if method == "input.fileDialogOpened" else None)

        def tab_to(selector, holding=()):
            # Forwards or backwards, whatever is nearer: beyond the last element Firefox's own buttons have the focus.
            for _ in range(60):
                if kim.page.evaluate(f"!!document.activeElement && document.activeElement.matches('{selector}')"):
                    outline, width, shadow = kim.page.evaluate("""(() => {
                        const style = getComputedStyle(document.activeElement);
                        return [style.outlineStyle, parseFloat(style.outlineWidth), style.boxShadow];
                    })()""")
                    # Firefox does not take a driver's keys for a keyboard (:focus-visible).
                    demand(f"{selector} shows that it has the focus, not {outline}, {width} px, {shadow}",
                           outline != "none" and width > 0 or shadow != "none" or browser.name == "Firefox")
                    return
                kim.page.press(TAB, holding)
            raise Failure(f"{browser.name}: Tab does not lead to {selector}")

        tab_to(NAME)
        kim.page.press(name)
        tab_to(CODE)
        kim.page.press("#keys" + ENTER)
        kim.entered()
        nina.expect(f"{name} joined!")
        tab_to(COMPOSER)
        kim.page.press("typed with keys" + ENTER)
        nina.expect(f"{name}: typed with keys")
        tab_to(FILE_BUTTON, [SHIFT])
        kim.page.press(ENTER)
        wait(f"{browser.name}: Enter opens the file dialog", lambda: dialogs)
        kim.attach(pictures.plain(stage.path("notes.txt"), b"some notes\n"))
        nina.expect(f"{name} sent notes.txt (11 B)")
        tab_to(LEAVE, [SHIFT])
        kim.page.press(ENTER)
        kim.wait("the home view", shown(NAME))
        nina.expect(f"{name} left!")


@scenario
def strangers(stage):
    """what strangers say, and are called, runs nowhere and leads nowhere"""
    for browser in stage.browsers:
        hostile.run(stage, browser)


@scenario
def axe(stage):
    """axe-core finds nothing on the home and the room view, dark and light"""
    if not isinstance(stage.chromium, Chromium):
        raise Failure("it takes Chromium")
    accessibility.run(stage)


@scenario
def screenshots(stage):
    """screenshots: desktop dark and light, and a phone's width"""
    if stage.options.screenshots:
        screens.run(stage, stage.options.screenshots)


def start_browsers():
    """Chromium and Firefox; the one in place of the other where it is missing."""
    found = []
    for kind in [Chromium, Firefox]:
        if kind.is_there():
            found.append(kind())
        else:
            print(f"LEFT OUT: {kind.name} is not installed", flush=True)
    return found + found[:1] if len(found) == 1 else found


def main(options):
    unknown = set(options.scenarios) - {one.__name__ for one in SCENARIOS}
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; known: {', '.join(one.__name__ for one in SCENARIOS)}")
    chosen = [one for one in SCENARIOS if not options.scenarios or one.__name__ in options.scenarios]
    browsers = start_browsers()
    if not browsers:
        return 0
    failed = 0
    try:
        for function in chosen:
            start = time.monotonic()
            for browser in list(dict.fromkeys(browsers)):
                browser.entries.clear()
                browser.requests.clear()
            stage, fault = None, None
            try:
                stage = Stage(browsers, options)
                function(stage)
                for browser in list(dict.fromkeys(browsers)):
                    # A connection that is lost is an error there, and so is what the policy stops.
                    complaints = [entry for entry in browser.entries if entry.startswith("error") and "/ws" not in entry]
                    demand(f"{browser.name}'s console: {complaints}", not complaints or function is strangers)
            except Exception as error:
                fault = error
            finally:
                if stage:
                    stage.end()
            seconds = time.monotonic() - start
            print(f"{'FAILED' if fault else 'ok'}: {function.__name__}: {function.__doc__} ({seconds:.1f} s)", flush=True)
            if fault:
                failed += 1
                print("".join(traceback.format_exception(fault)), flush=True)
                for browser in list(dict.fromkeys(browsers)):
                    print(f"{browser.name}'s console: {browser.entries[-10:]}", flush=True)
    finally:
        for browser in list(dict.fromkeys(browsers)):
            browser.quit()
    print(f"Page: {len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--client", required=True)
    parser.add_argument("--screenshots")
    parser.add_argument("scenarios", nargs="*")
    sys.exit(main(parser.parse_args()))
