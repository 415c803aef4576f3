"""axe-core (https://github.com/dequelabs/axe-core) over the page's views, dark and light, in Chromium."""
import importlib.util
import os

import pictures
from browser import Failure
from talk import Plain


def source():
    folder = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]
    with open(os.path.join(folder, "axe.min.js")) as file:
        return file.read()


def run(stage):
    nina = stage.add(Plain(stage.server, "nina", "#open"))
    script = source()
    faults = []
    for scheme in ["light", "dark"]:
        for width, height in [(1280, 800), (360, 740)]:
            alice = stage.page(stage.chromium, f"alice-{scheme}-{width}")
            stage.chromium.devtools(
                alice.page, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            alice.page.viewport(width, height)
            alice.home()
            alice.wait("a public room", "document.body.innerText.includes('open')")
            faults += check(alice, script, f"home, {scheme}, {width} px")
            alice.enter("#open")
            alice.say("Look at https://example.org/, it's short.")
            nina.send("hello, alice")
            nina.socket.sendall(b"[FILE]:notes.txt\nsome notes\n<END>\n")
            alice.attach(pictures.png(stage.path(f"{scheme}{width}.png"), 200, 100, (200, 120, 90)))
            alice.sees_picture(f"{scheme}{width}.png")
            alice.reads("hello, alice")
            faults += check(alice, script, f"room, {scheme}, {width} px")
    if faults:
        raise Failure("\n" + "\n".join(faults))


def check(page, script, view):
    page.page.evaluate(f"(() => {{ {script}; return 0; }})()")
    result = page.page.evaluate("axe.run(document, {resultTypes: ['violations', 'incomplete']})")
    if len(result["passes"]) < 10:
        raise Failure(f"axe-core looked at nothing: {len(result['passes'])} rules pass")
    return [
        f"{view}: {violation['id']} ({violation['impact']}): {violation['help']}: "
        + "; ".join(node["html"][:120] + " | " + node["failureSummary"].replace("\n", " ")[:200] for node in violation["nodes"][:3])
        for violation in result["violations"]]
