internal import ChatHTTP

/// What the page at `/ca` says, in each language: HTML that stands in the source alone.
struct AuthorityPageWords: Sendable {
  /// A heading, and what stands below it.
  struct Section: Sendable {
    let title: String
    let texts: [String]
  }

  let title: String
  let why: String
  let download: String
  let meaning: Section
  let comparison: Section
  /// A device each, with four steps.
  let guides: [Section]
  let removal: Section
  let back: String

  /// The words of a language.
  static func `in`(_ language: PageLanguage) -> AuthorityPageWords {
    switch language {
    case .english: english
    case .german: german
    }
  }

  private static let english = AuthorityPageWords(
    title: "Trust this chat server",
    why: """
      The connection is encrypted, but your device does not know who is at its other end, and so it warns you. It stops \
      warning once it trusts the certificate authority of this server.
      """,
    download: "Download the authority (ca.crt)",
    meaning: Section(
      title: "What that means",
      texts: [
        """
        An authority vouches for servers. This one may vouch for the names and addresses below, and for what ends in these \
        names; for no other site, for no mail and no program. Whoever runs this server can read what you say here, as \
        before, and nothing else. Current phones, computers and browsers hold to that; very old ones may not.
        """
      ]),
    comparison: Section(
      title: "Compare first",
      texts: [
        """
        Who is between you and the server could have replaced this page. Ask the person who runs the server for the \
        fingerprint (SHA-256), and go on only if your device shows the same:
        """
      ]),
    guides: [
      Section(
        title: "iPhone and iPad",
        texts: [
          "Open this page in Safari, download the authority, and tap Allow.",
          "Settings › General › VPN &amp; Device Management › Chat server on … › More Details: compare the fingerprint. Then Install.",
          "Settings › General › About › Certificate Trust Settings: switch Chat server on … on.",
          "Open the chat again.",
        ]),
      Section(
        title: "Android",
        texts: [
          "Download the authority.",
          "Settings › Security &amp; privacy › More › Encryption &amp; credentials › Install a certificate › CA certificate › Install anyway.",
          "Choose <code>ca.crt</code>. Below Trusted credentials › User, compare the fingerprint.",
          "Open the chat again, in Chrome. (Firefox for Android does not ask the system.)",
        ]),
      Section(
        title: "Windows",
        texts: [
          "Download the authority. In a terminal, <code>certutil -hashfile ca.crt SHA256</code> shows its fingerprint: compare it.",
          "Open <code>ca.crt</code> › Install Certificate › Current User.",
          "Place all certificates in the following store › Trusted Root Certification Authorities › Finish › Yes.",
          "Close the browser, and open the chat again.",
        ]),
      Section(
        title: "macOS",
        texts: [
          "Download the authority, and open it: it is added to the login keychain.",
          "In Keychain Access, open Chat server on … › Details: compare the fingerprint.",
          "Trust › When using this certificate › Always Trust.",
          "Close the browser, and open the chat again.",
        ]),
      Section(
        title: "Linux, and Firefox on any computer",
        texts: [
          "Download the authority. <code>sha256sum ca.crt</code> shows its fingerprint, without the colons: compare it.",
          "Firefox asks at once; if not, Settings › Privacy &amp; Security › View Certificates › Authorities › Import, <code>ca.crt</code>. Chromium: Settings › Privacy and security › Security › Manage certificates › Installed by you › Import, <code>ca.crt</code>.",
          "Trust it to identify websites; nothing else.",
          "Open the chat again.",
        ]),
    ],
    removal: Section(
      title: "To stop trusting it",
      texts: [
        "iPhone and iPad: Settings › General › VPN &amp; Device Management › Chat server on … › Remove Profile.",
        "Android: Settings › Security &amp; privacy › More › Encryption &amp; credentials › Trusted credentials › User › Chat server on … › Remove.",
        "Windows: <code>certmgr.msc</code> › Trusted Root Certification Authorities › Certificates › Chat server on … › Delete.",
        "macOS: Keychain Access › Chat server on … › Delete.",
        "Firefox, Chromium: where it was imported › Chat server on … › Delete.",
      ]),
    back: "Back to the chat")

  private static let german = AuthorityPageWords(
    title: "Diesem Chat-Server vertrauen",
    why: """
      Die Verbindung ist verschlüsselt, aber Ihr Gerät weiß nicht, wer am anderen Ende ist, und warnt deshalb. Es warnt \
      nicht mehr, sobald es der Zertifizierungsstelle dieses Servers vertraut.
      """,
    download: "Zertifizierungsstelle herunterladen (ca.crt)",
    meaning: Section(
      title: "Was das bedeutet",
      texts: [
        """
        Eine Zertifizierungsstelle bürgt für Server. Diese darf für die Namen und Adressen unten bürgen und für das, was auf \
        diese Namen endet; für keine andere Seite, keine E-Mail und kein Programm. Wer diesen Server betreibt, kann wie \
        bisher lesen, was Sie hier sagen, und sonst nichts. Heutige Telefone, Rechner und Browser halten sich daran; sehr \
        alte vielleicht nicht.
        """
      ]),
    comparison: Section(
      title: "Erst vergleichen",
      texts: [
        """
        Wer zwischen Ihnen und dem Server sitzt, könnte diese Seite ausgetauscht haben. Fragen Sie die Person, die den \
        Server betreibt, nach dem Fingerabdruck (SHA-256), und fahren Sie nur fort, wenn Ihr Gerät denselben zeigt:
        """
      ]),
    guides: [
      Section(
        title: "iPhone und iPad",
        texts: [
          "Diese Seite in Safari öffnen, die Zertifizierungsstelle herunterladen und „Zulassen“ antippen.",
          "Einstellungen › Allgemein › VPN und Geräteverwaltung › Chat server on … › Weitere Details: den Fingerabdruck vergleichen. Dann „Installieren“.",
          "Einstellungen › Allgemein › Info › Zertifikatsvertrauenseinstellungen: Chat server on … einschalten.",
          "Den Chat neu öffnen.",
        ]),
      Section(
        title: "Android",
        texts: [
          "Die Zertifizierungsstelle herunterladen.",
          "Einstellungen › Sicherheit und Datenschutz › Weitere › Verschlüsselung und Anmeldedaten › Ein Zertifikat installieren › CA-Zertifikat › Trotzdem installieren.",
          "<code>ca.crt</code> auswählen. Unter Vertrauenswürdige Anmeldedaten › Nutzer den Fingerabdruck vergleichen.",
          "Den Chat neu öffnen, in Chrome. (Firefox für Android fragt das System nicht.)",
        ]),
      Section(
        title: "Windows",
        texts: [
          "Die Zertifizierungsstelle herunterladen. In einem Terminal zeigt <code>certutil -hashfile ca.crt SHA256</code> den Fingerabdruck: vergleichen.",
          "<code>ca.crt</code> öffnen › Zertifikat installieren › Aktueller Benutzer.",
          "Alle Zertifikate in folgendem Speicher speichern › Vertrauenswürdige Stammzertifizierungsstellen › Fertig stellen › Ja.",
          "Den Browser schließen und den Chat neu öffnen.",
        ]),
      Section(
        title: "macOS",
        texts: [
          "Die Zertifizierungsstelle herunterladen und öffnen: Sie kommt in den Schlüsselbund „Anmeldung“.",
          "In der Schlüsselbundverwaltung Chat server on … öffnen › Details: den Fingerabdruck vergleichen.",
          "Vertrauen › Bei Verwendung dieses Zertifikats › Immer vertrauen.",
          "Den Browser schließen und den Chat neu öffnen.",
        ]),
      Section(
        title: "Linux, und Firefox auf jedem Rechner",
        texts: [
          "Die Zertifizierungsstelle herunterladen. <code>sha256sum ca.crt</code> zeigt den Fingerabdruck ohne die Doppelpunkte: vergleichen.",
          "Firefox fragt sofort; sonst Einstellungen › Datenschutz &amp; Sicherheit › Zertifikate anzeigen › Zertifizierungsstellen › Importieren, <code>ca.crt</code>. Chromium: Einstellungen › Datenschutz und Sicherheit › Sicherheit › Zertifikate verwalten › Von Ihnen installiert › Importieren, <code>ca.crt</code>.",
          "Ihr vertrauen, um Websites zu identifizieren; sonst für nichts.",
          "Den Chat neu öffnen.",
        ]),
    ],
    removal: Section(
      title: "Nicht mehr vertrauen",
      texts: [
        "iPhone und iPad: Einstellungen › Allgemein › VPN und Geräteverwaltung › Chat server on … › Profil entfernen.",
        "Android: Einstellungen › Sicherheit und Datenschutz › Weitere › Verschlüsselung und Anmeldedaten › Vertrauenswürdige Anmeldedaten › Nutzer › Chat server on … › Entfernen.",
        "Windows: <code>certmgr.msc</code> › Vertrauenswürdige Stammzertifizierungsstellen › Zertifikate › Chat server on … › Löschen.",
        "macOS: Schlüsselbundverwaltung › Chat server on … › Löschen.",
        "Firefox, Chromium: dort, wo sie importiert wurde › Chat server on … › Löschen.",
      ]),
    back: "Zurück zum Chat")
}
