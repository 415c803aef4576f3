"""Screenshots of a conversation, for people to look at."""
import os

import pictures
from chat_page import COMPOSER
from talk import Plain


def converse(stage, alice):
    """A talk as it might be."""
    bob = stage.add(Plain(stage.server, "bob", "#garden"))
    carol = stage.add(Plain(stage.server, "carol", "#garden"))
    talk = [
        (bob, "Morning! Did anybody water the tomatoes yesterday?"),
        (carol, "I did, around eight."),
        (carol, "The left bed was quite dry, though."),
        (alice, "Then I'll take the left bed today 🍅"),
        (bob, "Great. The plan for the week is at https://garden.example/plan"),
        (alice, "Thanks! I took a picture of the new shed:"),
    ]
    for speaker, text in talk:
        speaker.say(text)
        alice.reads(text)
    alice.attach(pictures.shed(stage.path("shed.png")))
    alice.sees_picture("shed.png")
    bob.say("Looks good! Who has the key?")
    carol.socket.sendall(b"[FILE]:seed list.pdf\n%PDF-1.4\n" + b"x" * 48_000 + b"\n<END>\n")
    carol.expect("carol sent seed list.pdf (48 kB)")
    carol.say("I do. And here is the list of seeds.")
    alice.reads("I do. And here is the list of seeds.")
    dave = stage.add(Plain(stage.server, "dave", "#garden"))
    dave.say("Hi all, on my way 🚲")
    alice.reads("Hi all, on my way 🚲")


def run(stage, folder):
    os.makedirs(folder, exist_ok=True)
    alice = stage.page(stage.chromium, "alice")
    alice.page.viewport(1280, 800)
    alice.join("#garden")
    converse(stage, alice)
    alice.page.fill(COMPOSER, "See you there")
    for name, scheme, width, height, ratio in [
        ("desktop-dark", "dark", 1280, 800, 1), ("desktop-light", "light", 1280, 800, 1), ("phone", "light", 360, 740, 2),
    ]:
        if hasattr(stage.chromium, "devtools"):
            stage.chromium.devtools(
                alice.page, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        alice.page.viewport(width, height, ratio)
        alice.wait("it is laid out", f"innerWidth === {width} && new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        alice.page.screenshot(os.path.join(folder, name + ".png"))
    guest = stage.page(stage.chromium, "erin")
    guest.page.viewport(1280, 800)
    guest.home()
    guest.wait("the public room", "document.body.innerText.includes('garden')")
    guest.page.screenshot(os.path.join(folder, "home.png"))
