// A person's place in a room, over one WebSocket after another: nothing is lost, nothing is said twice.

import { byteCount, clean, event, mostLineBytes, parse, same } from "./lines.js";

const nickPatience = 150_000;
const mostWaiting = 1000;

export class Connection {
	constructor(nick, room, told, restored) {
		Object.assign(this, { nick, room, told });
		this.isRestored = restored !== null;
		this.position = restored?.position ?? 0;
		// Own lines that have not come back, in order.
		this.unheard = restored?.unheard ?? [];
		this.token = null;
		this.maxFile = 0;
		this.tries = 0;
		this.connect();
	}

	connect() {
		const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`, "chat.1");
		this.socket = socket;
		this.phase = "greeting";
		this.asked = false;
		for (const then of this.answers ?? []) then(null);
		this.answers = [];
		this.past = [];
		this.held = [];
		this.sent = 0;
		this.refusal = null;
		this.quiet = 0;
		socket.onmessage = ({ data }) => {
			if (socket !== this.socket) return;
			this.quiet = 0;
			const lines = String(data).split("\n");
			lines.pop();
			for (const line of lines) {
				if (socket !== this.socket) return;
				this.take(line);
			}
			this.flush();
		};
		socket.onclose = () => { if (socket === this.socket) this.lost(); };
		clearInterval(this.watch);
		this.watch = setInterval(() => this.check(), 5000);
	}

	// A network that is gone says nothing, not even that.
	check() {
		// A hidden page has few looks: they are counted, not time.
		this.quiet += 1;
		if (this.quiet > 8) return this.drop();
		if (this.quiet > 4 && this.socket.readyState === 1) this.say("[PING]:alive");
	}

	drop() {
		const { socket } = this;
		this.socket = null;
		socket?.close();
		this.lost();
	}

	lost() {
		clearInterval(this.watch);
		this.socket = null;
		this.token = null;
		if (this.ended) return;
		// After a reload the server may not have noticed yet that the old connection has ended.
		const isHeld = this.refusal === "nick-in-use" && (this.entered || this.isRestored);
		if (!this.entered && !isHeld || this.refusal === "room-not-found") return this.fail(this.refusal ?? "unreachable");
		if (!isHeld || !this.lostAt) this.lostAt = Date.now();
		if (Date.now() - this.lostAt > nickPatience) return this.fail("nick-in-use");
		this.told.state("lost");
		const pause = isHeld ? 500 : Math.min(10_000, 250 * 2 ** this.tries);
		this.tries += 1;
		this.retry = setTimeout(() => this.connect(), pause * (0.8 + 0.4 * Math.random()));
	}

	fail(reason) {
		this.end();
		this.told.failed(reason);
	}

	// Ends it for good, politely if it can.
	end() {
		this.ended = true;
		clearTimeout(this.retry);
		clearInterval(this.watch);
		if (this.socket?.readyState === 1) this.say("exit");
		const { socket } = this;
		this.socket = null;
		setTimeout(() => socket?.close(), 500);
	}

	say(line) { this.socket.send(`${line}\n`); }

	take(line) {
		const { tag, value, fields, text } = parse(line);
		switch (tag) {
			case undefined: return this.takeText(text);
			case "PING": return this.say(`[PONG]:${value}`);
			case "PONG":
				if (value !== "room" || this.phase !== "greeting") return;
				this.phase = "named";
				return this.say(this.nick);
			case "WELCOME": return this.welcome(fields);
			case "PAST": return this.takePast(value, fields);
			case "WHO": return this.takeWho(value, fields);
			case "FILE": return this.told.file(value, fields);
			case "MSG": return this.told.private(value, fields.to);
			case "NOTICE": return this.told.notice(value);
			case "ERROR": return this.refused(value, fields);
		}
	}

	takeText(text) {
		if (this.phase === "greeting") {
			// The name is said once it is known that the room is there.
			if (text !== "NICK" || this.asked) return;
			this.asked = true;
			const since = this.entered ? `\tsince=${this.position}` : "";
			const room = this.room === null ? "\n[NEWROOM]:" : `\n[ROOM]:${this.room}${since}`;
			return this.say(`[HELLO]:1${room}\n[PING]:room`);
		}
		if (this.phase === "named" || text === "Bye!") return;
		if (this.awaitsConnected && text === "Connected to server!") this.awaitsConnected = false;
		else this.count(text);
	}

	refused(reason, { code }) {
		if (this.phase !== "in") {
			this.refusal = code;
			this.drop();
		} else if (code !== "shutting-down" && code !== "slow-consumer") {
			this.told.notice(reason);
		}
	}

	welcome(fields) {
		this.phase = "in";
		this.awaitsConnected = true;
		this.token = fields.token ?? null;
		this.maxFile = Number(fields["max-file"] ?? 0);
		this.room = fields.room;
		this.arrive(Number(fields.seq));
	}

	// It is in the room; its own join has this number.
	arrive(seq) {
		this.held = [{ seq, time: Date.now(), kind: "joined", who: this.nick }];
		this.seq = seq;
		this.lostAt = null;
		this.tries = 0;
		if (this.entered) {
			this.answers.push((past) => past && this.catchUp(past, true));
		} else {
			this.entered = true;
			this.told.entered(this.room);
			this.ask(`[HISTORY]:${this.unheard.length ? 1000 : 100}`, (past) => past && this.catchUp(past, false));
		}
		this.who = [];
		this.say("[WHO]:");
	}

	// A line of the stream.
	count(text) {
		this.seq += 1;
		const line = { seq: this.seq, time: Date.now(), ...event(text) };
		if (line.kind === "renamed" && line.who === this.nick) this.nick = line.text;
		if (this.held) this.held.push(line); else this.hear(line);
	}

	hear(line) {
		if (line.kind === "said" && line.who === this.nick && this.unheard.length) {
			this.unheard.shift();
			this.sent = Math.max(0, this.sent - 1);
		}
		this.position = line.seq;
		this.batch.push(line);
	}

	batch = [];

	flush() {
		if (!this.batch.length) return;
		this.told.lines(this.batch);
		this.batch = [];
	}

	takeWho(value, fields) {
		this.who.push(...value.split(" ").filter(Boolean));
		if (fields.end) { this.told.members(this.who); this.who = []; }
	}

	ask(line, then) {
		this.answers.push(then);
		this.say(line);
	}

	takePast(value, fields) {
		if (!fields.end) {
			this.past.push({ seq: Number(fields.seq), time: Date.parse(fields.time), file: fields.file, ...event(value) });
			return;
		}
		const { past } = this;
		this.past = [];
		this.answers.shift()?.(past);
	}

	// What was missed comes first, then what has come since.
	catchUp(past, isBack) {
		const before = this.position;
		const end = past.at(-1)?.seq ?? 0;
		if (isBack && (this.seq < before || (past[0]?.seq ?? this.seq) > before + 1)) this.told.gap();
		// Own lines that came through before.
		for (const line of past) {
			if (line.seq > before && line.kind === "said" && line.who === this.nick
				&& this.unheard.length && same(line.text, this.unheard[0])) this.unheard.shift();
		}
		this.flush();
		const rest = this.held.filter((line) => line.seq > end);
		this.held = null;
		this.told.lines([...past, ...rest], !isBack);
		this.position = this.seq;
		this.told.state("in");
		this.sent = 0;
		this.sendUnheard();
	}

	// The lines before a number, up to so many.
	older(before, count) {
		return new Promise((resolve) => {
			if (before <= 1) return resolve([]);
			if (!this.ready) return resolve(null);
			const since = Math.max(0, before - 1 - count);
			this.ask(`[HISTORY]:${before - 1 - since}\tsince=${since}`, resolve);
		});
	}

	search(words) {
		return new Promise((resolve) => {
			if (this.ready) this.ask(`[SEARCH]:${clean(words).replaceAll("\t", " ")}\tlimit=100`, resolve);
			else resolve([]);
		});
	}

	get ready() { return this.phase === "in" && this.held === null && this.socket?.readyState === 1; }

	// Says lines, now or once it is connected again; false if one is too long.
	speak(lines) {
		const texts = lines.map((line) => clean(line)).filter((line) => line.trim() !== "");
		const isTooLong = (text) => byteCount(`${this.nick}: ${text}\n`) > mostLineBytes;
		if (texts.some(isTooLong) || this.unheard.length + texts.length > mostWaiting) return false;
		this.unheard.push(...texts);
		this.sendUnheard();
		return true;
	}

	// What begins with one's own nickname is always text.
	sendUnheard() {
		if (!this.ready) return;
		for (const text of this.unheard.slice(this.sent)) this.say(`${this.nick}: ${text}`);
		this.sent = this.unheard.length;
	}

	whisper(to, text) {
		const line = `[MSG]:${to} ${clean(text.replace(/\s/gu, " "))}`;
		if (!this.ready || !text || byteCount(line) >= mostLineBytes) return false;
		this.say(line);
		return true;
	}
}
