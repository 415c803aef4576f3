// The lines of the protocol, as values. Pure: see Protocol.md.

export const mostLineBytes = 8192;

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

const events = [
	["said", /^([^\s:]+): (.*)$/su], ["joined", /^(\S+) joined!$/u], ["left", /^(\S+) left!$/u],
	["renamed", /^(\S+) is now (\S+)$/u], ["sent", /^(\S+) sent (.+) \(([^()]+)\)$/su],
];

// What a line of a room's stream tells.
export function event(line) {
	for (const [kind, pattern] of events) {
		const match = pattern.exec(line);
		if (match) return { kind, who: match[1], text: match[2], size: match[3] };
	}
	return { kind: "other", who: "", text: line };
}

// A text as the server will pass it on.
export const clean = (text) => (text.toWellFormed?.() ?? text)
	.replace(/[\0-\x08\n-\x1F\x7F-\x9F\u2028-\u202E\u2066-\u2069]/gu, "\uFFFD");

// Whether two texts are the same to the server: in what is past, a TAB is a space.
export const same = (one, other) => one.replaceAll("\t", " ").trim() === other.replaceAll("\t", " ").trim();

const encoder = new TextEncoder();
export const byteCount = (text) => encoder.encode(text).length;

// The path of a room's page, and the room of a path.
export const pathOf = (room) => `/r/${encodeURIComponent(room)}`;
export function roomOf(path) {
	try { return decodeURIComponent(/^\/r\/([^/]+)$/.exec(path)[1]); } catch { return null; }
}
