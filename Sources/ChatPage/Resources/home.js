// The home view: a name, a room, and which public rooms there are.

import { button, element, get } from "./dom.js";
import { roomOf } from "./lines.js";
import { texts } from "./texts.js";

const view = get("home");
const name = get("name");
const code = get("code");

export class Home {
	// `enter(name, room)` goes to a room; to a new one where the room is null.
	constructor(enter) {
		this.enter = enter;
		get("entry").onsubmit = (event) => { event.preventDefault(); this.join(); };
		get("create").onclick = () => this.go(null);
		setInterval(() => { if (!view.hidden && !document.hidden) void this.refresh(); }, 10_000);
	}

	// Shows it; a link's room is filled in already.
	show(nick, failure) {
		view.hidden = false;
		document.title = texts.title;
		this.busy(false);
		if (nick && !name.value) name.value = nick;
		const room = roomOf(location.pathname);
		if (room !== null) code.value = room;
		this.fail(failure ? texts[failure] ?? texts.unreachable : "");
		(name.value && !failure ? code : name).focus();
		void this.refresh();
	}

	hide() { view.hidden = true; }

	fail(text) { get("home-error").textContent = text; }

	busy(isBusy) { get("join").disabled = get("create").disabled = isBusy; }

	join() {
		const room = code.value.trim();
		if (room || !name.value.trim()) return this.go(room);
		this.fail(texts.noCode);
		code.focus();
	}

	go(room) {
		const nick = name.value.trim().normalize();
		if (!nick) {
			this.fail(texts.noName);
			name.focus();
			return;
		}
		this.busy(true);
		this.fail("");
		this.enter(nick, room);
	}

	async refresh() {
		let rooms;
		try { rooms = (await (await fetch("/rooms.json")).json()).rooms; } catch { return; }
		get("rooms").replaceChildren(...rooms.map((room) => {
			return element("li", {}, button({}, () => { code.value = room.name; this.go(room.name); },
				element("span", { textContent: room.name === "lobby" ? texts.lobby : room.name }),
				element("span", { className: "quiet", textContent: texts.people(room.members) })));
		}));
	}
}
