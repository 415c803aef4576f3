// Everything that the page says, in English and German: one table.
const table = {
	title: ["Chat", "Chat"],
	intro: ["Talk with all on this network.", "Sprich mit allen in diesem Netz."],
	name: ["Your name", "Dein Name"],
	code: ["Room code", "Raumcode"],
	codeHint: ["Six letters, or #name for a public room.", "Sechs Buchstaben, oder #name für einen öffentlichen Raum."],
	join: ["Join", "Beitreten"],
	create: ["Create a private room", "Privaten Raum anlegen"],
	publicRooms: ["Public rooms", "Öffentliche Räume"],
	lobby: ["Lobby", "Lobby"],
	people: [(n) => (n === 1 ? "1 person" : `${n} people`), (n) => (n === 1 ? "1 Person" : `${n} Personen`)],
	noName: ["Please enter a name", "Bitte gib einen Namen ein"],
	noCode: ["Please enter the room code", "Bitte gib den Raumcode ein"],
	"room-not-found": ["Room not found", "Raum nicht gefunden"],
	"nick-in-use": ["This name is in use. Choose another one.", "Dieser Name ist vergeben. Wähle einen anderen."],
	"nick-invalid": ["Choose another name: letters, digits, - _ .", "Wähle einen anderen: Buchstaben, Ziffern, - _ ."],
	"server-full": ["The server is full. Try again later.", "Der Server ist voll. Versuche es später."],
	"too-many-tries": ["Too many tries. Try again later.", "Zu viele Versuche. Versuche es später."],
	unreachable: ["The server can't be reached.", "Der Server ist nicht erreichbar."],
	lost: ["Connection lost, trying again…", "Verbindung unterbrochen, neuer Versuch …"],
	encrypted: ["Encrypted", "Verschlüsselt"],
	notEncrypted: ["Not encrypted", "Nicht verschlüsselt"],
	security: ["Encryption", "Verschlüsselung"],
	encryptedMore: ["What you send goes encrypted to this server. It can read it, as can all in the room.", "Was du sendest, geht verschlüsselt zu diesem Server. Er kann es lesen, und alle im Raum."],
	notEncryptedMore: ["Anyone on this network could read along. Browsers then allow no notifications, no copying by button and no microphone.", "In diesem Netz könnte jemand mitlesen. Browser erlauben dann keine Benachrichtigungen, kein Kopieren per Knopf und kein Mikrofon."],
	goSecure: ["Open this page encrypted", "Diese Seite verschlüsselt öffnen"],
	trust: ["How to trust this server", "Wie man diesem Server vertraut"],
	search: ["Search", "Suchen"],
	invite: ["Invite", "Einladen"],
	notify: ["Notify me", "Benachrichtigen"],
	here: ["here", "hier"],
	leave: ["Leave", "Verlassen"],
	whoIsHere: ["Who is here", "Wer ist hier"],
	attach: ["Send a file", "Datei senden"],
	message: ["Message", "Nachricht"],
	send: ["Send", "Senden"],
	close: ["Close", "Schließen"],
	log: ["Messages", "Nachrichten"],
	you: ["you", "du"],
	placeholder: ["Message", "Nachricht"],
	privateTo: ["Private message to", "Private Nachricht an"],
	inviteTitle: ["Invite others", "Andere einladen"],
	link: ["Link to this room", "Link zu diesem Raum"],
	copy: ["Copy the link", "Link kopieren"],
	copied: ["Copied", "Kopiert"],
	scan: ["Or scan this code with a phone:", "Oder diesen Code mit einem Telefon lesen:"],
	qr: ["QR code of the link", "QR-Code des Links"],
	found: [(n) => (n === 1 ? "1 line found" : `${n} lines found`), (n) => (n === 1 ? "1 Zeile gefunden" : `${n} Zeilen gefunden`)],
	words: ["Words to look for", "Gesuchte Wörter"],
	nothing: ["Nothing found", "Nichts gefunden"],
	newMessages: ["New messages", "Neue Nachrichten"],
	jump: [(n) => (n ? `${n} new ↓` : "To the newest ↓"), (n) => (n ? `${n} neue ↓` : "Zum Neuesten ↓")],
	joined: [(names) => `${names} joined`, (names) => `${names} dazugekommen`],
	left: [(names) => `${names} left`, (names) => `${names} gegangen`],
	renamed: [(a, b) => `${a} is now ${b}`, (a, b) => `${a} heißt jetzt ${b}`],
	more: [(n) => `${n} more`, (n) => `${n} weitere`],
	today: ["Today", "Heute"],
	yesterday: ["Yesterday", "Gestern"],
	from: [(a) => `private, from ${a}`, (a) => `privat, von ${a}`],
	to: [(a) => `private, to ${a}`, (a) => `privat, an ${a}`],
	tooLong: ["Too long: at most 8,000 characters.", "Zu lang: höchstens 8000 Zeichen."],
	gap: ["Some messages are missing here.", "Hier fehlen Nachrichten."],
	uploading: [(n, p) => `${n}: ${p} %`, (n, p) => `${n}: ${p} %`],
	waiting: [(n) => `${n}: waiting for the connection…`, (n) => `${n}: wartet auf die Verbindung …`],
	failed: [(n, why) => `${n} was not sent: ${why}`, (n, why) => `${n} wurde nicht gesendet: ${why}`],
	cancel: ["Cancel", "Abbrechen"],
	tooLarge: ["it is too large", "zu groß"],
	noFiles: ["this server takes no files", "dieser Server nimmt keine Dateien"],
	open: [(n) => `Open ${n} large`, (n) => `${n} groß öffnen`],
	start: ["This is where the room begins.", "Hier beginnt der Raum."],
	notifyOn: ["You will be notified while this tab is hidden.", "Du wirst benachrichtigt, solange dieser Tab verborgen ist."],
};

const languages = ["en", "de"];
export const language = (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => languages.includes(tag)) ?? "en";
export const texts = Object.fromEntries(Object.entries(table).map(([key, all]) => [key, all[languages.indexOf(language)]]));

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
