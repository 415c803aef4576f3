// The page: the home view, or a room.

import { get, load, save } from "./dom.js";
import { Home } from "./home.js";
import { roomOf } from "./lines.js";
import { Room } from "./room.js";
import { texts, translate } from "./texts.js";

translate(document);
const about = {};
fetch("/about.json").then((reply) => reply.json()).then((facts) => Object.assign(about, facts)).catch(() => {});

const isEncrypted = location.protocol === "https:";
for (const button of document.querySelectorAll(".secure")) {
	button.textContent = isEncrypted ? texts.encrypted : texts.notEncrypted;
	button.classList.toggle("warning", !isEncrypted);
	button.onclick = Room.security;
}

get("terminal").textContent = `nc ${location.hostname.replace(/[[\]]/g, "")} ${location.port || (isEncrypted ? 443 : 80)}`;

function remembered() {
	try { return load("nick") ?? localStorage.getItem("chat.nick") ?? ""; } catch { return ""; }
}

const home = new Home((nick, room) => {
	save("draft", null);
	save("spot", null);
	save("nick", nick);
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
		room_.enter(state.nick, room, { position: state.position ?? 0, unheard: state.unheard ?? [] });
	} else {
		home.show(remembered());
	}
}

addEventListener("popstate", () => {
	const room = roomOf(location.pathname);
	if (room !== null && room === room_.room && room_.connection) return;
	if (room_.connection) room_.close(); else home.show(remembered());
});

start();
