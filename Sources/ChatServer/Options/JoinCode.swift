internal import ChatQR
internal import ChatSystem

/// The QR code of the start: others point their phones at it, and are on the server's page. Pure.
package enum JoinCode {
  /// The link that others can use; `nil` if there is none to show.
  ///
  /// - Parameter isAsked: `--qr` was given: then it is this machine's own link where others have none.
  package static func link(to addresses: ReachableAddresses, isAsked: Bool) -> String? {
    let address = addresses.shared ?? (isAsked ? addresses.all.first : nil)
    return address.map { ServerOrigin.text(of: $0, isEncrypted: true) + "/" }
  }

  /// What is written to standard error: the code, and the link below it; `nil` for nothing.
  ///
  /// - Parameter columns: how wide the terminal is; `nil` if there is none.
  package static func text(
    _ options: ServerOptions, at addresses: ReachableAddresses, columns: Int?
  ) -> String? {
    guard options.servesHTTP, options.showsQRCode ?? (columns != nil),
      let link = link(to: addresses, isAsked: options.showsQRCode == true),
      let code = QRCode(link), TerminalQRCode.columns(of: code) <= columns ?? .max
    else { return nil }
    return "\(TerminalQRCode.text(of: code))Web:   \(link)\n"
  }
}
