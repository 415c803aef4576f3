// The one dialog: what it shows is given to it.

const dialog = document.getElementById("dialog");
const body = document.getElementById("dialog-body");
const title = document.getElementById("dialog-title");

document.getElementById("dialog-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => body.replaceChildren());

export function openDialog(heading, ...content) {
	title.textContent = heading;
	body.replaceChildren(...content);
	if (!dialog.open) dialog.showModal();
	body.querySelector("input, button, a")?.focus();
}

export const closeDialog = () => dialog.close();
