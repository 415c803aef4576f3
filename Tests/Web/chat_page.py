"""The page under test, in the words of somebody who uses it."""
import json

from browser import DEADLINE, ENTER, Failure

# What the page's parts are called in its HTML.
NAME, CODE, JOIN, CREATE = "#name", "#code", "#join", "#create"
HOME, ROOM, HOME_ERROR, ROOMS = "#home", "#room", "#home-error", "#rooms"
LOG, TEXT, COMPOSER = "#log", "#log .bubble > .text", "#text"
FILE_BUTTON, FILE_INPUT, LEAVE, BANNER = "#attach", "#file", "#leave", "#banner"


class ChatPage:
    """A tab with the page, and whoever sits in front of it."""

    def __init__(self, browser, server, name):
        self.browser, self.server, self.name = browser, server, name
        self.page = browser.page()
        self.page.prepare(WATCH)

    def home(self):
        self.page.open(self.server.origin + "/")
        self.wait("the home view", shown(NAME))

    def fill(self, selector, text):
        self.page.fill(selector, text)

    def click(self, selector):
        self.page.click(selector)

    def wait(self, what, expression, deadline=DEADLINE):
        try:
            return self.page.wait(what, expression, deadline)
        except Failure as failure:
            try:
                violations = self.page.evaluate("window.violations")
            except Failure:
                raise failure from None
            raise Failure(f"{failure}\nthe policy stopped {violations}") from None

    def create(self):
        """Makes a room from the home view: its code."""
        self.home()
        self.fill(NAME, self.name)
        self.click(CREATE)
        return self.entered()

    def join(self, code):
        """Joins by code from the home view."""
        self.home()
        return self.enter(code)

    def enter(self, code):
        """The same where the home view is there already."""
        self.fill(NAME, self.name)
        self.fill(CODE, code)
        self.click(JOIN)
        return self.entered()

    def follow(self, path):
        """Joins by a link."""
        self.page.open(self.server.origin + path)
        self.wait("the link asks for a name", shown(NAME))
        self.fill(NAME, self.name)
        self.click(JOIN)
        return self.entered()

    def entered(self):
        """Waits until it is in a room, and may talk: the last part of its link."""
        self.wait("to be in the room", f"{shown(COMPOSER)} && location.pathname.startsWith('/r/')")
        self.wait("to have joined", f"!document.querySelector({json.dumps(COMPOSER)}).disabled")
        self.wait("its own join", f"document.querySelector({json.dumps(LOG)}).textContent.includes({json.dumps(self.name)})")
        return self.page.evaluate("decodeURIComponent(location.pathname.split('/').pop())")

    def say(self, text):
        """Types a text and Enter, and waits until the page has taken it."""
        self.page.fill(COMPOSER, text)
        self.page.press(ENTER)
        self.wait("the text is taken", f"document.querySelector({json.dumps(COMPOSER)}).value === ''")

    def texts(self):
        """What the bubbles say, in order."""
        return self.page.evaluate(f"[...document.querySelectorAll({json.dumps(TEXT)})].map(e => e.textContent)")

    def count(self, text):
        return self.texts().count(text)

    def reads(self, text):
        self.wait(f"{self.name} reads {text!r}",
                  f"[...document.querySelectorAll({json.dumps(TEXT)})].some(e => e.textContent === {json.dumps(text)})")

    def reads_log(self, text):
        """Something that is no bubble's text, but is in the log."""
        self.wait(f"{self.name} reads {text!r}",
                  f"document.querySelector({json.dumps(LOG)}).textContent.includes({json.dumps(text)})")

    def sees_picture(self, name):
        """A loaded image that belongs to this file."""
        self.wait(f"{self.name} sees {name}", f"""[...document.querySelectorAll({json.dumps(LOG + ' img')})].some(image => {{
            image.scrollIntoView();
            return image.complete && image.naturalWidth > 0
                && ((image.alt + image.title + image.src).includes(encodeURIComponent({json.dumps(name)}))
                    || image.alt.includes({json.dumps(name)}));
        }})""")

    def attach(self, *paths):
        self.page.set_files(FILE_INPUT, *paths)

    def expect_error(self, text):
        self.wait(f"the error {text!r}", f"{shown(HOME)} && document.body.innerText.includes({json.dumps(text)})")

    def close(self):
        try:
            self.page.close()
        except Failure:
            pass


# Before anything else on a page: notes what strangers' texts might run, and what the browser's policy had to stop.
WATCH = """
    window.ran = [];
    window.violations = [];
    for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
        window[name] = (...values) => { window.ran.push(name + values.join()); return null; };
    }
    document.addEventListener("securitypolicyviolation", (event) => {
        window.violations.push(event.effectiveDirective + " " + event.blockedURI);
    });
"""


def told(selector):
    """An expression: whether an element that can be seen says something."""
    return f"{shown(selector)} && document.querySelector({json.dumps(selector)}).textContent.trim() !== ''"


def shown(selector):
    """An expression: whether an element can be seen."""
    name = json.dumps(selector)
    return f"!!document.querySelector({name}) && document.querySelector({name}).checkVisibility()"
