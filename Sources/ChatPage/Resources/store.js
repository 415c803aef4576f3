// What outlives a reload of this tab. A browser may keep nothing: then nothing does.

export function load(key) {
	try { return JSON.parse(sessionStorage.getItem(`chat.${key}`)); } catch { return null; }
}

export function save(key, value) {
	try {
		if (value === null) sessionStorage.removeItem(`chat.${key}`);
		else sessionStorage.setItem(`chat.${key}`, JSON.stringify(value));
	} catch { /* It is full, or not allowed. */ }
}
