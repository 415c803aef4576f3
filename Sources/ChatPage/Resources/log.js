// The messages as they are displayed: rows in chunks, of which a browser lays out those in sight alone.

import { button, element } from "./dom.js";
import { dayOf, dayText, texts, timeText } from "./texts.js";

const chunkRows = 50;
// Beyond this, the oldest rows go; they are fetched again by scrolling up.
const mostRows = 10_000;
const nearEnd = 48;
const budget = 8;
const groupTime = 300_000;
const linkPattern = /https?:\/\/[^\s<>"'`]+/giu;
const pictures = /\.(png|jpe?g|gif|webp)$/iu;

// A text with its links; everything else in it is text.
export function linked(text) {
	const parts = [];
	let end = 0;
	for (const match of text.matchAll(linkPattern)) {
		const address = match[0].replace(/[.,;:!?)\]}]+$/u, "");
		let url;
		try { url = new URL(address); } catch { continue; }
		if (url.protocol !== "http:" && url.protocol !== "https:") continue;
		parts.push(text.slice(end, match.index));
		parts.push(element("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", textContent: address }));
		end = match.index + address.length;
	}
	parts.push(text.slice(end));
	return parts;
}

export const colorOf = (name) => `c${[...name].reduce((hash, character) => (hash * 31 + character.codePointAt(0)) % 6007, 7) % 6}`;

export const filePath = (id, name) => `/files/${encodeURIComponent(id)}/${encodeURIComponent(name)}`;

export class Log {
	constructor(box, jump, { wanted, counted, opened, me }) {
		Object.assign(this, { box, jump, wanted, counted, opened, me });
		this.clear();
		box.onscroll = () => this.scrolled();
		jump.onclick = () => this.toEnd();
		document.onvisibilitychange = () => { if (!document.hidden) { this.work(); this.read(); } };
		new ResizeObserver(() => { if (this.follows) this.stick(); }).observe(box);
	}

	clear() {
		this.box.replaceChildren();
		Object.assign(this, { queue: [], rows: 0, first: null, previous: null, presence: null, unread: 0, follows: true, isAtStart: false, waiting: null, divider: null });
		this.showUnread();
	}

	// Lines of the stream, in order, and others that have no number.
	add(lines, isPast = false) {
		if (isPast) this.box.ariaBusy = "true";
		for (const line of lines) this.queue.push({ line, isPast });
		// More than is ever displayed.
		const excess = this.queue.length - mostRows;
		if (excess > 0) {
			const { queue, unread } = this;
			this.clear();
			Object.assign(this, { unread, queue: queue.slice(excess) });
		}
		if (document.hidden) this.work(); else this.schedule();
	}

	schedule() {
		if (this.isScheduled) return;
		this.isScheduled = true;
		requestAnimationFrame(() => { this.isScheduled = false; this.work(); });
	}

	// As many as a frame has time for.
	work() {
		const end = performance.now() + (document.hidden ? 40 : budget);
		const { queue } = this;
		let taken = 0;
		for (; taken < queue.length && (taken % 16 || performance.now() < end); taken += 1) this.append(queue[taken].line, queue[taken].isPast);
		if (!taken) return;
		queue.splice(0, taken);
		this.trim();
		if (this.follows) this.stick();
		this.showUnread();
		if (queue.length) { if (!document.hidden) this.schedule(); return; }
		this.box.ariaBusy = "false";
		this.drained?.();
		this.drained = null;
	}

	append(line, isPast) {
		this.first ??= line.seq ?? null;
		const isUnread = !isPast && line.seq && line.who !== this.me() && (line.kind === "said" || line.kind === "sent");
		if (isUnread && (document.hidden || !this.follows) && !this.unread++) {
			this.divider?.remove();
			this.divider = element("div", { className: "divider", textContent: texts.newMessages });
			this.place(this.divider);
			this.previous = null;
		}
		for (const row of this.rowsOf(line, this)) this.place(row);
	}

	place(row) {
		if (!this.chunk?.isConnected || this.chunk.childElementCount >= chunkRows) {
			this.chunk = element("div", { className: "chunk" });
			this.box.append(this.chunk);
		}
		this.chunk.append(row);
		this.rows += 1;
	}

	// The rows of a line: a day before it, perhaps; none if it joins the row before.
	rowsOf(line, state) {
		const made = [];
		const before = state.previous;
		if (!before || dayOf(before.time) !== dayOf(line.time)) {
			made.push(element("div", { className: "day", textContent: dayText(line.time) }));
			state.presence = null;
		}
		if (["joined", "left", "renamed"].includes(line.kind)) {
			const text = texts[line.kind](line.who, line.text);
			if (state.presence && !made.length) {
				state.presence.add(text);
			} else {
				state.presence = new Presence(text);
				made.push(state.presence.row);
			}
		} else {
			state.presence = null;
			const follows = !made.length && before?.kind === line.kind && before.who === line.who && line.time - before.time < groupTime;
			made.push(this.row(line, follows));
		}
		if (line.seq) made.at(-1)?.setAttribute("data-seq", line.seq);
		state.previous = line;
		return made;
	}

	row(line, follows) {
		const { kind, who } = line;
		if (kind === "notice" || kind === "other") return element("div", { className: "notice" }, ...linked(line.text));
		const isOwn = who === this.me();
		const bubble = element("div", { className: "bubble" });
		const label = line.with ? (isOwn ? texts.to(line.with) : texts.from(who)) : who;
		if (!follows || line.with) bubble.append(element("span", { className: `name ${colorOf(who)}`, textContent: label }));
		bubble.append(
			kind === "sent" ? this.file(line) : element("span", { className: "text" }, ...linked(line.text)),
			element("time", { textContent: timeText(line.time), dateTime: new Date(line.time).toISOString() }));
		return element("div", { className: `row${isOwn ? " own" : ""}${follows ? " follows" : ""}${line.with ? " private" : ""}` }, bubble);
	}

	file(line) {
		const box = element("span", { className: "file" });
		box.append(element("span", { className: "text", textContent: `${line.text} (${line.size})` }));
		if (line.file) this.fill(box, line); else this.pending = { box, line };
		return box;
	}

	// A file that was announced has an id now.
	offer(name, id) {
		const isIt = (line) => line?.kind === "sent" && line.text === name && !line.file;
		const { pending } = this;
		const waiting = this.queue.findLast(({ line }) => isIt(line));
		if (waiting) waiting.line.file = id;
		else if (isIt(pending?.line)) this.fill(pending.box, Object.assign(pending.line, { file: id }));
		if (this.follows) this.stick();
	}

	fill(box, line) {
		const path = filePath(line.file, line.text);
		box.replaceChildren(element("a", { className: "text", href: path, download: line.text, textContent: `${line.text} (${line.size})` }));
		if (!pictures.test(line.text)) return;
		const image = element("img", { src: path, alt: line.text, loading: "lazy", onload: () => { if (this.follows) this.stick(); } });
		const opener = button({ className: "picture", ariaLabel: texts.open(line.text) }, () => this.opened(path, line.text), image);
		image.onerror = () => opener.remove();
		box.prepend(opener);
	}

	notice(text) { this.add([{ kind: "notice", who: "", text, time: Date.now() }]); }

	trim() {
		while (this.rows > mostRows * (this.follows ? 1 : 3) && this.box.childElementCount > 2) {
			const chunk = this.box.firstElementChild;
			this.rows -= chunk.childElementCount;
			chunk.remove();
			this.isAtStart = false;
			this.first = Number(this.box.querySelector("[data-seq]")?.dataset.seq ?? this.first);
		}
	}

	async fetch(count = 100) {
		if (this.waiting || this.isAtStart || this.first === null) return this.waiting;
		this.waiting = this.prepend(count);
		try { return await this.waiting; } finally { this.waiting = null; }
	}

	async prepend(count) {
		const lines = await this.wanted(this.first, count);
		if (lines === null) return;
		const before = this.first;
		if (!lines.length || lines[0].seq <= 1 || lines[0].seq >= before) this.isAtStart = true;
		const older = lines.filter((line) => line.seq < before);
		const state = { previous: null, presence: null };
		const chunks = [];
		for (let start = 0; start < older.length; start += chunkRows) {
			const chunk = element("div", { className: "chunk" });
			for (const line of older.slice(start, start + chunkRows)) {
				const made = this.rowsOf(line, state);
				chunk.append(...made);
				this.rows += made.length;
			}
			chunks.push(chunk);
			if (start + chunkRows < older.length) await new Promise((resolve) => setTimeout(resolve));
		}
		if (this.first !== before) return;
		const { box } = this;
		const head = box.querySelector(".day");
		if (older.length && head?.textContent === dayText(older.at(-1).time)) head.remove();
		if (this.isAtStart) chunks.unshift(element("div", { className: "notice", textContent: texts.start }));
		const { scrollTop, scrollHeight } = box;
		box.prepend(...chunks);
		box.scrollTop = scrollTop + box.scrollHeight - scrollHeight;
		if (older.length) this.first = older[0].seq;
	}

	// Displays the line of a number, fetching what is before.
	async show(seq) {
		for (let round = 0; round < 10 && this.first > seq && !this.isAtStart; round += 1) {
			await this.fetch(Math.min(1000, this.first - seq + 20));
		}
		const found = [...this.box.querySelectorAll("[data-seq]")].findLast((row) => Number(row.dataset.seq) <= seq);
		if (!found) return;
		this.follows = false;
		found.scrollIntoView({ block: "center" });
		found.classList.add("found");
		setTimeout(() => found.classList.remove("found"), 2000);
	}

	scrolled() {
		const { box } = this;
		this.follows = box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd;
		if (this.follows) this.read();
		if (box.scrollTop < box.clientHeight) void this.fetch();
		this.showUnread();
	}

	stick() { this.box.scrollTop = this.box.scrollHeight; }

	toEnd() {
		this.follows = true;
		this.stick();
		// What was not laid out yet has another height than was thought.
		requestAnimationFrame(() => { this.stick(); this.read(); this.showUnread(); });
		this.box.focus();
	}

	read() {
		if (document.hidden || !this.follows) return;
		this.unread = 0;
		this.showUnread();
	}

	showUnread() {
		this.jump.hidden = this.follows;
		this.jump.textContent = texts.jump(this.unread);
		this.counted?.(this.unread);
	}

	// The number of the first row in sight; null at the end.
	get spot() {
		if (this.follows) return null;
		const { top } = this.box.getBoundingClientRect();
		const isBelow = (one) => one.getBoundingClientRect().bottom >= top;
		const chunk = [...this.box.children].find(isBelow);
		const row = [...chunk?.querySelectorAll("[data-seq]") ?? []].find(isBelow);
		return row ? Number(row.dataset.seq) : null;
	}
}

// Joins and leaves that follow each other: one row, which opens.
class Presence {
	constructor(text) {
		this.row = element("div", { className: "presence", textContent: text });
		this.all = [text];
	}

	add(text) {
		if (this.all.length < 200) this.all.push(text);
		const { all } = this;
		const head = all.slice(0, 3).join(", ") + (all.length > 3 ? `, ${texts.more(all.length - 3)}` : "");
		this.summary ??= element("summary");
		this.rest ??= element("p");
		this.summary.textContent = head;
		this.rest.textContent = all.slice(3).join(", ");
		if (all.length === 4) this.row.replaceChildren(element("details", {}, this.summary, this.rest));
		if (all.length < 4) this.row.textContent = head;
	}
}
