/// What a peer needs of the room whose stream it is sent.
///
/// Thread: any.
package protocol RoomStream: AnyObject, Sendable {
  /// The position after the last line.
  var head: UInt64 { get }

  /// Has the readers sent what is new.
  func wakeBroadcaster()
}
