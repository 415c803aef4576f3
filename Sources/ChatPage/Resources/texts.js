// Everything that the page says, in each language: one table.
const table = {
	en: {
		title: "Chat", intro: "Talk with whoever is on this network. Nothing to install.",
		name: "Your name", code: "Room code", codeHint: "Six letters, or #name for a public room.",
		join: "Join", create: "Create a private room", publicRooms: "Public rooms", lobby: "Lobby",
		people: (n) => (n === 1 ? "1 person" : `${n} people`), terminal: "In a terminal:", noRooms: "Nobody is in a public room.",
		noName: "Please enter a name", noCode: "Please enter the room code", notFound: "Room not found",
		nickInUse: "This name is in use. Please choose another one.",
		nickInvalid: "Please choose another name: letters, digits, - _ . without spaces.",
		full: "The server is full. Please try again later.", tooMany: "Too many tries. Please try again later.",
		unreachable: "The server can't be reached.", lost: "Connection lost, trying again…",
		encrypted: "Encrypted", notEncrypted: "Not encrypted", security: "Encryption",
		encryptedMore: "What you say and send goes encrypted to this server, which can read it, as can all in the room.",
		notEncryptedMore: "Anyone on this network could read along. Without encryption, browsers also allow no notifications, no copying by button and no microphone.",
		goSecure: "Open this page encrypted", trust: "How to trust this server's certificate",
		search: "Search", invite: "Invite", notify: "Notify me", here: "here", leave: "Leave", whoIsHere: "Who is here",
		attach: "Send a file", message: "Message", send: "Send", close: "Close", log: "Messages", you: "you",
		placeholder: "Message", privateTo: "Private message to", inviteTitle: "Invite others", link: "Link to this room", copy: "Copy the link", copied: "Copied",
		scan: "Or scan this code with a phone's camera:", qr: "QR code of the link", found: (n) => (n === 1 ? "1 line found" : `${n} lines found`), words: "Words to look for",
		nothing: "Nothing found", newMessages: "New messages", jump: (n) => (n ? `${n} new ↓` : "To the newest ↓"),
		joined: (names) => `${names} joined`, left: (names) => `${names} left`, renamed: (a, b) => `${a} is now ${b}`,
		more: (n) => `${n} more`, today: "Today", yesterday: "Yesterday", from: (a) => `private, from ${a}`, to: (a) => `private, to ${a}`,
		tooLong: "This line is too long: at most about 8,000 characters. Nothing was sent.", gap: "Some earlier messages are missing here.",
		uploading: (n, p) => `${n}: ${p} %`, waiting: (n) => `${n}: waiting for the connection…`, failed: (n, why) => `${n} was not sent: ${why}`, cancel: "Cancel", tooLarge: "it is too large",
		noFiles: "this server takes no files", open: (n) => `Open ${n} large`, start: "This is where the room begins.", notifyOn: "You will be notified while this tab is in the background.",
	},
	de: {
		title: "Chat", intro: "Sprich mit allen in diesem Netz. Nichts zu installieren.",
		name: "Dein Name", code: "Raumcode", codeHint: "Sechs Buchstaben, oder #name für einen öffentlichen Raum.",
		join: "Beitreten", create: "Privaten Raum anlegen", publicRooms: "Öffentliche Räume", lobby: "Lobby",
		people: (n) => (n === 1 ? "1 Person" : `${n} Personen`), terminal: "Im Terminal:", noRooms: "In öffentlichen Räumen ist niemand.",
		noName: "Bitte gib einen Namen ein", noCode: "Bitte gib den Raumcode ein", notFound: "Raum nicht gefunden",
		nickInUse: "Dieser Name ist vergeben. Bitte wähle einen anderen.",
		nickInvalid: "Bitte wähle einen anderen Namen: Buchstaben, Ziffern, - _ . ohne Leerzeichen.",
		full: "Der Server ist voll. Bitte versuche es später noch einmal.", tooMany: "Zu viele Versuche. Bitte versuche es später noch einmal.",
		unreachable: "Der Server ist nicht erreichbar.", lost: "Verbindung unterbrochen, neuer Versuch …",
		encrypted: "Verschlüsselt", notEncrypted: "Nicht verschlüsselt", security: "Verschlüsselung",
		encryptedMore: "Was du sagst und schickst, geht verschlüsselt zu diesem Server. Er kann es lesen, und alle im Raum.",
		notEncryptedMore: "In diesem Netz könnte jemand mitlesen. Ohne Verschlüsselung erlauben Browser auch keine Benachrichtigungen, kein Kopieren per Knopf und kein Mikrofon.",
		goSecure: "Diese Seite verschlüsselt öffnen", trust: "Wie man dem Zertifikat dieses Servers vertraut",
		search: "Suchen", invite: "Einladen", notify: "Benachrichtigen", here: "hier", leave: "Verlassen", whoIsHere: "Wer ist hier",
		attach: "Datei senden", message: "Nachricht", send: "Senden", close: "Schließen", log: "Nachrichten", you: "du",
		placeholder: "Nachricht", privateTo: "Private Nachricht an", inviteTitle: "Andere einladen", link: "Link zu diesem Raum", copy: "Link kopieren", copied: "Kopiert",
		scan: "Oder diesen Code mit der Kamera eines Telefons lesen:", qr: "QR-Code des Links", found: (n) => (n === 1 ? "1 Zeile gefunden" : `${n} Zeilen gefunden`), words: "Gesuchte Wörter",
		nothing: "Nichts gefunden", newMessages: "Neue Nachrichten", jump: (n) => (n ? `${n} neue ↓` : "Zum Neuesten ↓"),
		joined: (names) => `${names} dazugekommen`, left: (names) => `${names} gegangen`, renamed: (a, b) => `${a} heißt jetzt ${b}`,
		more: (n) => `${n} weitere`, today: "Heute", yesterday: "Gestern", from: (a) => `privat, von ${a}`, to: (a) => `privat, an ${a}`,
		tooLong: "Diese Zeile ist zu lang: höchstens etwa 8000 Zeichen. Nichts wurde gesendet.", gap: "Hier fehlen frühere Nachrichten.",
		uploading: (n, p) => `${n}: ${p} %`, waiting: (n) => `${n}: wartet auf die Verbindung …`, failed: (n, why) => `${n} wurde nicht gesendet: ${why}`, cancel: "Abbrechen", tooLarge: "zu groß",
		noFiles: "dieser Server nimmt keine Dateien", open: (n) => `${n} groß öffnen`, start: "Hier beginnt der Raum.", notifyOn: "Du wirst benachrichtigt, solange dieser Tab im Hintergrund ist.",
	},
};

export const language = (navigator.languages ?? ["en"]).map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in table) ?? "en";
export const texts = table[language];

// Fills in what the document leaves to the table.
export function translate(root) {
	document.documentElement.lang = language;
	for (const element of root.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const timeText = (time) => clock.format(time);
export const dayOf = (time) => new Date(time).setHours(0, 0, 0, 0);
export function dayText(time) {
	const days = Math.round((dayOf(Date.now()) - dayOf(time)) / 86_400_000);
	return days === 0 ? texts.today : days === 1 ? texts.yesterday : date.format(time);
}
export function sizeText(bytes) {
	const units = ["B", "kB", "MB", "GB"];
	let unit = 0;
	while (bytes >= 1000 && unit < 3) { bytes /= 1000; unit += 1; }
	return `${bytes.toLocaleString(language, { maximumFractionDigits: bytes < 10 && unit ? 1 : 0 })} ${units[unit]}`;
}
