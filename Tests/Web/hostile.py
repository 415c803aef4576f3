"""What strangers may send to harm somebody who reads: nothing of it may run, and nothing may leave."""
import http.server
import json
import re
import threading
import urllib.parse
import urllib.request

from browser import Failure
from chat_page import LOG, ROOMS
from talk import Plain


class Trap:
    """Another origin, which notes whoever asks it for anything."""

    def __init__(self):
        trap = self
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                trap.requests.append(self.path)
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def texts(trap):
    """Texts that would run, or ask for something, where a page took them for HTML, CSS, links or templates."""
    run = "window.ran.push(1)"
    return [
        f'<img src=x onerror="{run}">', f"<script>{run}</script>", f"<svg onload={run}>", f"<body onload={run}>",
        f'<img src="{trap}/image">', f'<iframe src="{trap}/frame"></iframe>', f'<iframe srcdoc="<script>parent.{run}</script>">',
        f'<link rel=stylesheet href="{trap}/sheet">', f"<style>@import '{trap}/import';</style>", f'<base href="{trap}/">',
        f'<meta http-equiv=refresh content="0;url={trap}/refresh">', f'<form action="{trap}/form"><input autofocus onfocus={run}>',
        f'<a href="javascript:{run}">click</a>', f"javascript:{run}", f"JaVaScRiPt:{run}", f"java\tscript:{run}",
        f"data:text/html,<script>{run}</script>", f"vbscript:{run}", "file:///etc/passwd", "blob:null/1", "//127.0.0.1/x",
        f"[click](javascript:{run})", f"![image]({trap}/markdown)", f"https://javascript:{run}@127.0.0.1/",
        f'{trap}/"onmouseover="{run}', f"{trap}/'onmouseover='{run}", f"{trap}/><img src=x onerror={run}>",
        f"{trap}/<script>{run}</script>", "http://[::1]:1/x", "http://%00/", "http://", "https://a.b:99999999/", "http:///x",
        f"{{{{constructor.constructor('{run}')()}}}}", f"${{{run}}}", f"<%= {run} %>", f"&lt;script&gt;{run}&lt;/script&gt;",
        f"</textarea><script>{run}</script>", f"</title><script>{run}</script>", f"--><script>{run}</script>",
        f"]]><script>{run}</script>", "\u202e<gnp.exe", "a\u0301\u0302" * 200, "x" * 4_000, "<" * 2_000, "http://" + "a" * 3_000,
        f"<math><mtext><style><img src=x onerror={run}></style>", f"<template><script>{run}</script>", "\ufeff\u200b\u200d",
    ]


def file_names():
    run = "window.ran.push(1)"
    return [
        f'"><img src=x onerror={run}>.png', f"<script>{run}<script>.html", "a'b\"c`.svg", "photo\u202egnp.exe", "javascript:1.png",
        "%2e%2e%2f%00.png", "..png", "&quot;onload=1&quot;.jpg", "#?&.png", "con\u0301stru\u0302ctor.txt",
    ]


def send_file(speaker, name, content):
    speaker.socket.sendall(f"[FILE]:{name}\n".encode() + content + b"<END>\n")


def run(stage, browser):
    trap = Trap()
    try:
        attack(stage, browser, trap)
    finally:
        trap.end()


def attack(stage, browser, trap):
    victim = stage.page(browser, f"victim-{browser.name}")
    code = victim.create()
    mallory = stage.add(Plain(stage.server, f"mallory-{browser.name}", code))
    sent = texts(trap.origin)
    for text in sent:
        mallory.send(text)
    mallory.say("the last of them")
    victim.reads("the last of them")
    read_literally(victim, mallory)
    names(stage, victim, code)
    files(victim, mallory, trap)
    links(victim)
    nothing_happened(stage, victim, trap)
    # The same once more out of the history.
    victim.page.reload()
    victim.entered()
    victim.reads("the last of them")
    read_literally(victim, mallory)
    own(victim)
    elsewhere(stage, victim)
    nothing_happened(stage, victim, trap)
    policy_works(victim, trap)


def read_literally(victim, mallory):
    """What the page shows is what the server sent, letter by letter, in the same order."""
    prefix = f"{mallory.nickname}: "
    # In the history a TAB is a space.
    expected = [line[len(prefix):].replace("\t", " ") for line in mallory.lines if line.startswith(prefix)]
    came = [text for text in (text.replace("\t", " ") for text in victim.texts()) if text in set(expected)]
    # A text of marks or spaces alone may look like nothing, and is a text all the same.
    if came != expected:
        missing = [text for text in expected if text not in came]
        raise Failure(f"{victim.browser.name} does not show {[text[:80] for text in missing[:3]]} as sent, or not in order")


def names(stage, victim, code):
    """Nicknames that mean something in JavaScript."""
    for nickname in ["__proto__", "constructor", "hasOwnProperty", "toString", "null", "undefined", "-.-"]:
        speaker = Plain(stage.server, nickname, code)
        speaker.say(f"I am {nickname}")
        victim.reads(f"I am {nickname}")
        speaker.end()
        victim.wait(f"{nickname} is shown", f"document.querySelector({json.dumps(LOG)}).textContent.includes({json.dumps(nickname)})")
    if victim.page.evaluate("Object.keys(Object.prototype).length + Object.keys(Array.prototype).length"):
        raise Failure("a prototype was changed")


def files(victim, mallory, trap):
    script = b"<script>window.ran.push(1)</script>"
    image = f'<svg xmlns="http://www.w3.org/2000/svg" onload="window.ran.push(1)"><image href="{trap.origin}/svg"/></svg>'
    contents = {".svg": image.encode(), ".html": script, ".png": b"\x89PNG\r\n\x1a\n" + script, ".jpg": script}
    for name in file_names():
        content = next((value for ending, value in contents.items() if name.endswith(ending)), b"text\n")
        send_file(mallory, name, content)
    mallory.say("the last file")
    victim.reads("the last file")
    announced = [line for line in mallory.lines if line.startswith(f"{mallory.nickname} sent ")]
    if len(announced) < len(file_names()) - 2:
        raise Failure(f"only {len(announced)} files are announced: {mallory.lines[-20:]}")
    # A stranger's document never opens as one of this origin.
    addresses = [address for line in mallory.lines for address in re.findall(r"http://\S+/files/\S+", line)]
    for address in addresses:
        with urllib.request.urlopen(address) as answer:
            kind, how = answer.headers["Content-Type"], answer.headers.get("Content-Disposition", "")
            if not how.startswith("attachment") and not kind.startswith(("image/png", "image/jpeg", "image/gif", "image/webp")):
                raise Failure(f"{address} is {kind}, {how}")
            if answer.headers["X-Content-Type-Options"] != "nosniff" or "sandbox" not in answer.headers["Content-Security-Policy"]:
                raise Failure(f"{address} lacks nosniff or the sandbox")


def links(victim):
    """Links lead to http and https alone, and tell the other side nothing."""
    found = victim.page.evaluate(
        f"[...document.querySelectorAll({json.dumps(LOG)} + ' a[href]')]"
        ".map(link => [link.getAttribute('href'), link.protocol, link.rel, link.target, link.origin === location.origin,"
        " link.hasAttribute('download')])")
    for href, protocol, relation, target, is_own, is_download in found:
        if protocol not in ("http:", "https:"):
            raise Failure(f"a link to {href}")
        if not is_own and not {"noopener", "noreferrer"} <= set(relation.split()):
            raise Failure(f"the link to {href} has rel={relation!r}")
        if not is_own and target != "_blank":
            raise Failure(f"the link to {href} leaves the room")
    if not any(not entry[4] for entry in found):
        raise Failure("no link is clickable")
    inside = victim.page.evaluate(
        f"[...document.querySelectorAll({json.dumps(LOG)} + ' *')].map(e => [e.localName, ...e.getAttributeNames()])"
        ".filter(([name, ...attributes]) => ['script', 'iframe', 'object', 'embed', 'style', 'link', 'base', 'form', 'meta',"
        " 'frame'].includes(name) || attributes.some(one => one.startsWith('on') || one === 'style' || one === 'srcdoc'))")
    if inside:
        raise Failure(f"in the log stand {inside[:5]}")


def own(victim):
    """What the victim itself is talked into saying."""
    text = "<img src=x onerror=window.ran.push(2)>"
    victim.say(text)
    victim.reads(text)


def elsewhere(stage, victim):
    """Links to rooms, and public rooms, with such names."""
    evil = "<img src=x onerror=window.ran.push(3)>"
    for path in [evil, "</script><script>window.ran.push(3)</script>", "__proto__", "#__proto__", "javascript:1", "%", "a/b"]:
        guest = stage.page(victim.browser, "guest")
        guest.page.open(stage.server.origin + "/r/" + urllib.parse.quote(path, safe=""))
        guest.wait("a page", "document.readyState === 'complete'")
        nothing_ran(guest)
        guest.close()
        stage.everybody.pop()
    speakers = [Plain(stage.server, f"owner{number}-{victim.browser.name}", room)
                for number, room in enumerate(["#__proto__", "#constructor", "#valueof"])]
    guest = stage.page(victim.browser, "guest")
    guest.home()
    for room in ["__proto__", "constructor", "valueof"]:
        guest.wait(f"#{room} is listed", f"document.querySelector({json.dumps(ROOMS)}).textContent.includes({json.dumps(room)})")
    nothing_ran(guest)
    for speaker in speakers:
        speaker.end()


def nothing_ran(page):
    ran, violations = page.page.evaluate("[window.ran, window.violations]")
    # That is the browser's own wish, where a page names no icon.
    violations = [violation for violation in violations if not violation.endswith(f"{page.server.origin}/favicon.ico")]
    if ran:
        raise Failure(f"{page.browser.name}: something ran: {ran}")
    if violations:
        raise Failure(f"{page.browser.name}: the policy had to stop {violations}")


def nothing_happened(stage, victim, trap):
    nothing_ran(victim)
    asked = {request for request in victim.browser.requests
             if not request.startswith((stage.server.origin + "/", stage.server.origin.replace("http", "ws") + "/",
                                        "about:", "data:", "blob:", "chrome"))}
    if asked or trap.requests:
        raise Failure(f"{victim.browser.name} asked {sorted(asked)}; the other origin was asked for {trap.requests}")


def policy_works(victim, trap):
    """That the checks above can fail: what is put into the page by force is seen, and the policy stops it."""
    victim.page.evaluate(f"""(() => {{
        const add = (name, values) => {{
            const element = document.createElement(name);
            document.body.append(element);
            // Scripts may be refused as they are made (Trusted Types).
            try {{ Object.assign(element, values); }} catch {{}}
            document.body.append(element);
        }};
        add("img", {{src: "{trap.origin}/forced-image"}});
        add("script", {{textContent: "window.ran.push('forced script')"}});
        add("script", {{src: "{trap.origin}/forced-script"}});
        add("iframe", {{src: "{trap.origin}/forced-frame"}});
        add("link", {{rel: "stylesheet", href: "{trap.origin}/forced-sheet"}});
        fetch("{trap.origin}/forced-fetch").catch(() => {{}});
        try {{ new WebSocket("{trap.origin.replace('http', 'ws')}/forced-socket"); }} catch {{}}
    }})()""")
    wanted = [["connect-src"], ["frame-src"], ["img-src"], ["script-src-elem", "require-trusted-types-for"], ["style-src-elem"]]
    victim.wait(
        f"the policy stops {wanted}",
        f"{json.dumps(wanted)}.every(names => window.violations.some(it => names.some(one => it.startsWith(one))))")
    if victim.page.evaluate("window.ran.length") or trap.requests:
        raise Failure(f"the policy lets through {trap.requests}")
