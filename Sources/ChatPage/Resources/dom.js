// Parts of the document, and what outlives a reload of this tab.

export const get = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
	const made = Object.assign(document.createElement(tag), properties);
	made.append(...children);
	return made;
}

export const button = (properties, onclick, ...children) => element("button", { type: "button", onclick, ...properties }, ...children);

// A browser may keep nothing: then nothing is.
export function load(key) {
	try { return JSON.parse(sessionStorage.getItem(`chat.${key}`)); } catch { return null; }
}

export function save(key, value) {
	try { sessionStorage.setItem(`chat.${key}`, JSON.stringify(value)); } catch { /* It is full, or not allowed. */ }
}

const dialog = get("dialog");
get("dialog-close").onclick = () => dialog.close();
dialog.onclick = ({ target }) => { if (target === dialog) dialog.close(); };
dialog.onclose = () => get("dialog-body").replaceChildren();

export function openDialog(heading, ...content) {
	get("dialog-title").textContent = heading;
	get("dialog-body").replaceChildren(...content);
	if (!dialog.open) dialog.showModal();
	dialog.querySelector("#dialog-body :is(input, button, a)")?.focus();
}

export const closeDialog = () => dialog.close();
