/// A file of the web page, compiled into the program.
package struct PageFile: Sendable {
  /// The document, at `/` and at each room's address.
  package static let document = PageFile(PackageResources.index_html)

  /// The content.
  package let bytes: [UInt8]

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The file at `/static/NAME`; `nil` if there is none.
  package static func named(_ name: String) -> PageFile? { files[name].map { PageFile($0) } }

  /// The names of all of them, but for the document.
  package static var names: [String] { files.keys.sorted() }

  private static let files: [String: [UInt8]] = [
    "app.js": PackageResources.app_js,
    "connection.js": PackageResources.connection_js,
    "dom.js": PackageResources.dom_js,
    "files.js": PackageResources.files_js,
    "home.js": PackageResources.home_js,
    "icon.svg": PackageResources.icon_svg,
    "lines.js": PackageResources.lines_js,
    "log.js": PackageResources.log_js,
    "room.js": PackageResources.room_js,
    "style.css": PackageResources.style_css,
    "texts.js": PackageResources.texts_js,
  ]
}
