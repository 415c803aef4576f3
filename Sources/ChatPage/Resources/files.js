// Files that are sent: tus 1.0, a part at a time.

import { button, element } from "./dom.js";
import { texts } from "./texts.js";

const partBytes = 8 << 20;
const mostHashedBytes = 64 << 20;
const mostAtOnce = 3;
const tus = { "Tus-Resumable": "1.0.0" };
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export class Transfers {
	// `session()` tells { token, maxFile }; its token is null while there is no connection.
	constructor(list, session, failed) {
		Object.assign(this, { list, session, failed });
		this.queue = [];
		this.running = new Set();
	}

	add(files) {
		const { maxFile } = this.session();
		for (const file of files) {
			if (file.size > maxFile || !maxFile) {
				this.failed(texts.failed(file.name, maxFile ? texts.tooLarge : texts.noFiles));
				continue;
			}
			const transfer = new Transfer(file, this);
			this.list.append(transfer.row);
			this.queue.push(transfer);
		}
		this.next();
	}

	next() {
		while (this.running.size < mostAtOnce && this.queue.length) {
			const transfer = this.queue.shift();
			if (transfer.isCancelled) continue;
			this.running.add(transfer);
			void transfer.run().finally(() => { this.running.delete(transfer); transfer.row.remove(); this.next(); });
		}
	}

	cancelAll() {
		for (const transfer of [...this.queue, ...this.running]) transfer.cancel();
		this.queue = [];
	}
}

class Refusal extends Error {}

class Transfer {
	constructor(file, transfers) {
		Object.assign(this, { file, transfers });
		this.label = element("span");
		this.bar = element("progress", { max: Math.max(1, file.size), value: 0, ariaLabel: file.name });
		this.row = element("li", {}, this.label, this.bar, button({ textContent: texts.cancel, ariaLabel: `${texts.cancel}: ${file.name}` }, () => this.cancel()));
		this.show(0);
	}

	show(bytes) {
		this.bar.value = bytes;
		this.label.textContent = texts.uploading(this.file.name, Math.floor((100 * bytes) / Math.max(1, this.file.size)));
	}

	cancel() {
		this.isCancelled = true;
		this.request?.abort();
		this.wake?.();
		this.row.remove();
		if (this.place) void this.ask("DELETE", this.place).catch(() => {});
	}

	async run() {
		for (let tries = 0; !this.isCancelled;) {
			const before = this.offset ?? 0;
			try {
				await this.connected();
				return this.isCancelled ? null : await this.send();
			} catch (error) {
				if (this.isCancelled) return;
				tries = (this.offset ?? 0) > before ? 1 : tries + 1;
				if (tries >= 4 || error instanceof Refusal) return this.transfers.failed(texts.failed(this.file.name, error.message));
				await this.pause(1000 * tries);
			}
		}
	}

	pause(time) { return new Promise((resolve) => { this.wake = resolve; setTimeout(resolve, time); }); }

	async connected() {
		while (!this.transfers.session().token && !this.isCancelled) {
			this.label.textContent = texts.waiting(this.file.name);
			await this.pause(500);
		}
	}

	async send() {
		const { token } = this.transfers.session();
		if (this.place) await this.find();
		if (!this.place || this.token !== token && this.offset < this.file.size) await this.begin(token);
		while (this.offset < this.file.size) {
			const end = Math.min(this.file.size, this.offset + partBytes);
			const part = this.file.slice(this.offset, end);
			const reply = await this.ask("PATCH", this.place, { "Upload-Offset": this.offset, "Content-Type": "application/offset+octet-stream" }, part);
			this.check(reply, 204);
			this.offset = Number(reply.getResponseHeader("Upload-Offset") ?? end);
			this.show(this.offset);
		}
		this.place = null;
	}

	async begin(token) {
		const metadata = [`filename ${base64(this.file.name)}`];
		if (crypto.subtle && this.file.size <= mostHashedBytes) {
			this.hash ??= [...new Uint8Array(await crypto.subtle.digest("SHA-256", await this.file.arrayBuffer()))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
			metadata.push(`sha256 ${base64(this.hash)}`);
		}
		const reply = await this.ask("POST", "/files", { "Upload-Length": this.file.size, "Upload-Metadata": metadata.join(",") });
		this.check(reply, 201);
		this.token = token;
		this.place = new URL(reply.getResponseHeader("Location"), location.href).pathname;
		this.offset = Number(reply.getResponseHeader("Upload-Offset") ?? 0);
		this.show(this.offset);
	}

	async find() {
		const reply = await this.ask("HEAD", this.place);
		this.check(reply, 200, 204);
		this.offset = Number(reply.getResponseHeader("Upload-Offset"));
	}

	check(reply, ...wanted) {
		const { status } = reply;
		if (wanted.includes(status)) return;
		const reason = reply.responseText.trim() || String(status);
		if ([400, 403, 413, 507].includes(status)) throw new Refusal(reason);
		if (![408, 409, 423, 503].includes(status)) this.place = null;
		throw new Error(reason);
	}

	ask(method, path, fields = {}, body = null) {
		return new Promise((resolve, reject) => {
			const request = new XMLHttpRequest();
			this.request = request;
			request.open(method, path);
			const all = { ...tus, Authorization: `Bearer ${this.transfers.session().token}`, ...fields };
			for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
			if (body) request.upload.onprogress = ({ loaded }) => this.show(this.offset + loaded);
			request.onload = () => resolve(request);
			request.onerror = request.onabort = () => reject(new Error(texts.unreachable));
			request.send(body);
		});
	}
}
