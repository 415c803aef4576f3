// The room view: its log, its members, what is typed, and what goes with it.

import { Connection } from "./connection.js";
import { button, closeDialog, element, get, load, openDialog, save } from "./dom.js";
import { Transfers } from "./files.js";
import { pathOf } from "./lines.js";
import { colorOf, Log } from "./log.js";
import { texts, timeText, dayText } from "./texts.js";

const view = get("room");
const text = get("text");
const banner = get("banner");
const people = get("people");

export class Room {
	// `left(failure)` goes home.
	constructor(about, left) {
		Object.assign(this, { about, left });
		this.log = new Log(get("log"), get("jump"), {
			wanted: (before, count) => this.connection?.older(before, count) ?? null,
			counted: (count) => this.count(count), opened: (path, name) => this.openPicture(path, name), me: () => this.nick,
		});
		this.transfers = new Transfers(get("transfers"), () => ({ token: this.connection?.token ?? null, maxFile: this.connection?.maxFile ?? 0 }), (why) => this.log.notice(why));
		get("log").setAttribute("aria-label", texts.log);
		text.placeholder = texts.placeholder;
		this.listen();
	}

	get nick() { return this.connection?.nick ?? ""; }

	// Enters a room, or a new one; the view shows once it is in.
	enter(nick, room, restored = null) {
		this.connection?.end();
		this.members = new Set();
		const mine = () => this.connection === connection;
		const told = {
			entered: (name) => { if (mine()) this.show(name); },
			lines: (lines, isPast) => { if (mine()) this.hear(lines, isPast); },
			members: (names) => { if (mine()) { this.members = new Set(names); this.showMembers(); } },
			private: (value, to) => { if (mine()) this.whispered(value, to); },
			file: (name, fields) => { if (mine()) this.log.offer(name, fields.id); },
			notice: (value) => this.log.notice(value),
			gap: () => this.log.notice(texts.gap),
			state: (state) => { if (mine()) this.showState(state); },
			failed: (reason) => { if (mine()) this.close(reason); },
		};
		const connection = new Connection(nick, room, told, restored);
		this.connection = connection;
	}

	show(name) {
		this.room = name;
		const spot = load("spot");
		this.log.clear();
		view.hidden = false;
		get("room-name").textContent = name === "lobby" ? texts.lobby : name;
		text.disabled = false;
		text.value = load("draft") ?? "";
		this.grow();
		get("notify").hidden = !("Notification" in window && Notification.permission === "default" && isSecureContext);
		if (location.pathname !== pathOf(name)) history.pushState(null, "", pathOf(name));
		this.entered?.();
		text.focus();
		this.keep();
		if (spot) this.log.drained = () => void this.log.show(spot);
	}

	close(failure) {
		const { connection } = this;
		this.connection = null;
		connection?.end();
		this.transfers.cancelAll();
		view.hidden = true;
		text.disabled = true;
		closeDialog();
		this.showState("");
		save("state", null);
		save("spot", null);
		this.left(failure, connection?.nick);
	}

	showState(state) { banner.textContent = state === "lost" ? texts.lost : ""; }

	// What a reload needs.
	keep() {
		if (!this.connection?.entered) return;
		const { nick, room, position, unheard } = this.connection;
		save("state", { nick, room, position, unheard });
		save("spot", this.log.spot);
		save("draft", text.value);
	}

	hear(lines, isPast) {
		for (const line of lines) {
			if (isPast && line.seq < (this.connection.seq ?? 0)) continue;
			if (line.kind === "left" || line.kind === "renamed") this.members.delete(line.who);
			if (line.kind === "joined" || line.kind === "renamed") this.members.add(line.text ?? line.who);
		}
		this.showMembers();
		this.log.add(lines, isPast);
		if (!isPast) this.notify(lines);
		this.keeping ??= setTimeout(() => { this.keeping = null; this.keep(); }, 500);
	}

	whispered(value, to) {
		const [who, ...words] = value.split(" ");
		const line = { kind: "said", who, with: to && who === this.nick ? to : this.nick, text: words.join(" "), time: Date.now() };
		this.log.add([line]);
		if (who !== this.nick) this.notify([line]);
	}

	notify(lines) {
		const line = lines.findLast((one) => (one.kind === "said" || one.kind === "sent") && one.who !== this.nick);
		if (!line || !document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
		try {
			const shown = new Notification(`${line.who} – ${get("room-name").textContent}`, { body: line.text.slice(0, 200), tag: "chat" });
			shown.onclick = () => window.focus();
		} catch { /* Phones want a service worker for it. */ }
	}

	count(unread) {
		if (view.hidden) return;
		document.title = `${unread ? `(${unread}) ` : ""}${get("room-name").textContent} – ${texts.title}`;
	}

	showMembers() {
		if (this.drawing) return;
		this.drawing = true;
		requestAnimationFrame(() => {
			this.drawing = false;
			const names = [...this.members].sort((one, other) => one.localeCompare(other));
			get("who-count").textContent = names.length;
			get("members").replaceChildren(...names.slice(0, 500).map((name) => {
				const className = colorOf(name);
				if (name === this.nick) return element("li", {}, element("span", { className, textContent: name }), ` (${texts.you})`);
				return element("li", {}, button({ className: `link ${className}`, textContent: name, ariaLabel: `${texts.privateTo} ${name}` },
					() => { text.value = `/msg ${name} `; this.showPeople(false); text.focus(); }));
			}), names.length > 500 ? texts.more(names.length - 500) : "");
		});
	}

	listen() {
		const on = (id, action) => { get(id).onclick = action; };
		get("composer").onsubmit = (event) => { event.preventDefault(); this.send(); };
		text.onkeydown = (event) => {
			if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
			event.preventDefault();
			this.send();
		};
		text.oninput = () => { this.grow(); save("draft", text.value); };
		window.onpagehide = () => this.keep();
		on("leave", () => { history.pushState(null, "", "/"); this.close(); });
		on("who", () => this.showPeople(!people.classList.contains("open")));
		people.onkeydown = ({ key }) => { if (key === "Escape") { this.showPeople(false); get("who").focus(); } };
		on("share", () => this.openInvitation());
		on("find", () => this.openSearch());
		on("notify", async () => {
			if (await Notification.requestPermission() === "granted") this.log.notice(texts.notifyOn);
			get("notify").hidden = true;
			text.focus();
		});
		const chooser = get("file");
		on("attach", () => chooser.click());
		chooser.onchange = () => { this.transfers.add([...chooser.files]); chooser.value = ""; };
		text.onpaste = (event) => {
			const files = [...event.clipboardData.files];
			if (files.length) event.preventDefault();
			this.transfers.add(files);
		};
		view.ondragenter = view.ondragover = view.ondragleave = view.ondrop = (event) => {
			const { type, dataTransfer } = event;
			if (!dataTransfer?.types.includes("Files")) return;
			event.preventDefault();
			view.classList.toggle("dropping", type === "dragenter" || type === "dragover");
			if (type === "drop") this.transfers.add([...dataTransfer.files]);
		};
	}

	send() {
		const said = text.value;
		if (!said.trim() || !this.connection) return;
		const isEnd = ["exit", "{quit}"].includes(said.trim());
		const whisper = /^\/msg\b\s*(\S*)\s*(.*)$/su.exec(said.trim());
		const isTaken = isEnd || (whisper ? this.connection.whisper(whisper[1], whisper[2]) : this.connection.speak(said.split("\n")));
		if (!isTaken) return whisper || this.log.notice(texts.tooLong);
		text.value = "";
		this.grow();
		this.keep();
		if (isEnd) return get("leave").click();
		if (!this.log.follows) this.log.toEnd();
		text.focus();
	}

	grow() { text.rows = Math.min(6, text.value.split("\n").length); }

	showPeople(isOpen) {
		people.classList.toggle("open", isOpen);
		get("who").ariaExpanded = String(isOpen);
		if (isOpen) people.querySelector("button")?.focus();
	}

	openInvitation() {
		const path = pathOf(this.room);
		const link = element("input", { id: "link", readOnly: true, value: (this.about.origin ?? location.origin) + path });
		const copy = button({ className: "primary", textContent: texts.copy }, async () => {
			link.select();
			try { await navigator.clipboard.writeText(link.value); } catch { if (!document.execCommand("copy")) return; }
			copy.textContent = texts.copied;
		});
		openDialog(texts.inviteTitle, element("label", { htmlFor: "link", textContent: texts.link }), link, copy, element("p", { textContent: texts.scan }),
			element("img", { className: "qr", src: `/qr.svg?path=${encodeURIComponent(path)}`, alt: texts.qr }));
	}

	openPicture(path, name) {
		openDialog(name, element("img", { className: "large", src: path, alt: name }), element("a", { href: path, download: name, textContent: name }));
	}

	openSearch() {
		const words = element("input", { type: "search", id: "words", maxLength: 999 });
		const status = element("p", { role: "status", className: "quiet" });
		const list = element("ul", { className: "found-lines" });
		const row = (line) => element("li", {}, button({}, () => { closeDialog(); void this.log.show(line.seq); },
			element("span", { className: "quiet", textContent: `${dayText(line.time)} ${timeText(line.time)} ` }), `${line.who}: ${line.text}`));
		const onsubmit = async (event) => {
			event.preventDefault();
			if (!words.value.trim()) return;
			const lines = await this.connection.search(words.value) ?? [];
			status.textContent = lines.length ? texts.found(lines.length) : texts.nothing;
			list.replaceChildren(...lines.map(row));
		};
		openDialog(texts.search, element("form", { onsubmit }, element("label", { htmlFor: "words", textContent: texts.words }),
			element("div", { className: "pair" }, words, element("button", { className: "primary", textContent: texts.search }))), status, list);
	}

	static security() {
		const isEncrypted = location.protocol === "https:";
		const link = (href, textContent) => element("a", { href, textContent });
		openDialog(texts.security, element("p", { textContent: isEncrypted ? texts.encryptedMore : texts.notEncryptedMore }),
			isEncrypted ? "" : link(location.href.replace("http", "https"), texts.goSecure), link("/ca", texts.trust));
	}
}
