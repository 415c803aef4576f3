// The lines of the protocol, as values. Pure: see Protocol.md.

export const mostLineBytes = 8192;
const encoder = new TextEncoder();

// A line of the server: { tag, value, fields } if it is tagged, else { text }.
export function parse(line) {
	const match = /^\[([A-Z]+)\]:(.*)$/su.exec(line);
	if (!match) return { text: line };
	const [value, ...attributes] = match[2].split("\t");
	const fields = {};
	for (const attribute of attributes) {
		const sign = attribute.indexOf("=");
		if (sign > 0) fields[attribute.slice(0, sign)] = attribute.slice(sign + 1);
	}
	return { tag: match[1], value, fields };
}

// What a line of a room's stream tells.
export function event(text) {
	let match = /^([^\s:]+): (.*)$/su.exec(text);
	if (match) return { kind: "said", who: match[1], text: match[2] };
	match = /^(\S+) (joined|left)!$/u.exec(text);
	if (match) return { kind: match[2], who: match[1] };
	match = /^(\S+) is now (\S+)$/u.exec(text);
	if (match) return { kind: "renamed", who: match[1], text: match[2] };
	match = /^(\S+) sent (.+) \(([^()]+)\)$/su.exec(text);
	if (match) return { kind: "sent", who: match[1], text: match[2], size: match[3] };
	match = /^\* (\S+) (.*)$/su.exec(text);
	if (match) return { kind: "acted", who: match[1], text: match[2] };
	return { kind: "other", who: "", text };
}

// A text as the server will pass it on.
export function clean(text) {
	const formed = text.toWellFormed ? text.toWellFormed() : text;
	// eslint-disable-next-line no-control-regex
	return formed.replace(/[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}

// Whether two texts are the same to the server: in what is past, a TAB is a space.
export const same = (one, other) => one.replaceAll("\t", " ").trim() === other.replaceAll("\t", " ").trim();

export const byteCount = (text) => encoder.encode(text).length;

// The path of a room's page, and the room of a path.
export const pathOf = (room) => `/r/${encodeURIComponent(room)}`;
export function roomOf(path) {
	const match = /^\/r\/([^/]+)$/.exec(path);
	try { return match ? decodeURIComponent(match[1]) : null; } catch { return null; }
}
