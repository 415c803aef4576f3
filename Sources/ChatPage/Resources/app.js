// The page: the home view, or a room.

import { get, load, save } from "./dom.js";
import { Home } from "./home.js";
import { roomOf } from "./lines.js";
import { Room } from "./room.js";
import { texts, translate } from "./texts.js";

translate(document);
const about = {};
fetch("/about.json").then(async (reply) => Object.assign(about, await reply.json())).catch(() => {});

const isEncrypted = location.protocol === "https:";
for (const button of document.querySelectorAll(".secure")) {
	button.textContent = isEncrypted ? texts.encrypted : texts.notEncrypted;
	button.classList.toggle("warning", !isEncrypted);
	button.onclick = Room.security;
}

function remembered() {
	try { return localStorage.getItem("chat.nick"); } catch { return null; }
}

const home = new Home((nick, room) => {
	save("draft", null);
	save("spot", null);
	try { localStorage.setItem("chat.nick", nick); } catch { /* Not allowed. */ }
	room_.enter(nick, room);
});
const room_ = new Room(about, (failure, nick) => home.show(nick ?? remembered(), failure));
room_.entered = () => home.hide();

// After a reload, the same person is in the same room; a link asks for a name first.
function start() {
	const state = load("state");
	const room = roomOf(location.pathname);
	if (state?.nick && state.room === room && room !== null) {
		room_.enter(state.nick, room, state);
	} else {
		home.show(remembered());
	}
}

addEventListener("popstate", () => {
	const room = roomOf(location.pathname);
	if (!room_.connection) home.show(remembered());
	else if (room !== room_.room) room_.close();
});

start();
