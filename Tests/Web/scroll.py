"""Scrolls through 10,000 messages in Chromium, from the last to the first and back, and counts tasks over 50 ms.

Usage: scroll.py --server CHAT-SERVER [MESSAGES]
Exits with 1 if there was one. It measures time: a machine that is busy with something else has some.
"""
import argparse
import json
import sys
import time

from browser import Chromium, wait
from chat_page import LOG, TEXT, ChatPage
from talk import Plain, Server

OBSERVE = """
    window.tasks = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.tasks.push([Math.round(entry.startTime), Math.round(entry.duration)]);
    }).observe({type: "longtask", buffered: true});
    window.frameTimes = [];
    let last = performance.now();
    requestAnimationFrame(function next(now) {
        window.frameTimes.push(now - last);
        last = now;
        requestAnimationFrame(next);
    });
"""


def fill(server, count):
    """Says that many lines, of different lengths."""
    speakers = [Plain(server, name, "#many") for name in ["alice", "bob", "carol", "dave"]]
    for number in range(count):
        text = f"message {number} " + "words and more words " * (number * 7 % 11)
        if number % 25 == 0:
            text += f"https://example.org/{number}"
        speakers[number % 4].send(text.strip())
    for speaker in speakers:
        speaker.say("done")
        speaker.end()


def scroll(page, delta, what, is_there):
    """Turns the wheel until something is seen."""
    log = page.page.evaluate(
        f"(box => [box.x + box.width / 2, box.y + box.height / 2].map(Math.round))(document.querySelector('{LOG}').getBoundingClientRect())")
    turns, start = 0, time.monotonic()

    def turn():
        nonlocal turns
        turns += 1
        page.page.send("input.performActions", actions=[{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "x": log[0], "y": log[1], "deltaX": 0, "deltaY": delta} for _ in range(5)]}])
        return page.page.evaluate(is_there)

    wait(what, turn, 300)
    return turns * 5, time.monotonic() - start


def seen(text):
    """Whether a message that begins like this is within the log's view."""
    return f"""(() => {{
        const box = document.querySelector('{LOG}').getBoundingClientRect();
        return [...document.querySelectorAll('{TEXT}')].some(one => {{
            if (!one.textContent.startsWith({json.dumps(text)})) return false;
            const at = one.getBoundingClientRect();
            return at.bottom > box.top && at.top < box.bottom;
        }});
    }})()"""


def main(options):
    if not Chromium.is_there():
        print("LEFT OUT: Chromium is not installed")
        return 0
    server = Server(options.server)
    chromium = Chromium()
    try:
        fill(server, options.messages)
        page = ChatPage(chromium, server, "reader")
        page.page.prepare(OBSERVE)
        page.page.viewport(1280, 800)
        page.join("#many")
        page.reads("done")
        entry = page.page.evaluate("window.tasks.splice(0)")
        print(f"entry: {len(entry)} tasks over 50 ms {[task[1] for task in entry]}")
        faults = len(entry)
        for what, delta, text in [("up", -800, "message 0 "), ("down", 800, "done")]:
            before = metrics(chromium, page)
            page.page.evaluate("window.frameTimes.splice(0).length")
            turns, seconds = scroll(page, delta, f"{what}: {text}", seen(text))
            tasks = page.page.evaluate("window.tasks.splice(0)")
            frames = sorted(page.page.evaluate("window.frameTimes.splice(0)"))
            after = metrics(chromium, page)
            faults += len(tasks)
            print(
                f"{what}: {turns} turns of the wheel in {seconds:.1f} s; {len(tasks)} tasks over 50 ms "
                f"{sorted((task[1] for task in tasks), reverse=True)[:10]}; frames: median {frames[len(frames) // 2]:.0f}, "
                f"99 % {frames[len(frames) * 99 // 100]:.0f}, longest {frames[-1]:.0f} ms; of the time "
                + ", ".join(f"{name[:-8].lower()} {after[name] - before[name]:.1f} s"
                            for name in ["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"])
                + f"; {page.page.evaluate('document.querySelectorAll(' + json.dumps(TEXT) + ').length')} messages, "
                f"{after['Nodes']:.0f} nodes, {after['JSHeapUsedSize'] / 1e6:.0f} MB")
        print(f"Scroll: {faults} tasks over 50 ms")
        return 1 if faults else 0
    finally:
        chromium.quit()
        server.end()


def metrics(chromium, page):
    chromium.devtools(page.page, "Performance.enable")
    return {one["name"]: one["value"] for one in chromium.devtools(page.page, "Performance.getMetrics")["metrics"]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("messages", nargs="?", type=int, default=10_000)
    sys.exit(main(parser.parse_args()))
