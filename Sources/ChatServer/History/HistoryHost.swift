internal import ChatCore
internal import ChatSystem

/// What the history needs of the rest of the server.
///
/// Thread: called on the history's queue.
protocol HistoryHost: AnyObject, Sendable {
  /// The rooms with members, and how far they came.
  var openRooms: [(name: RoomName, end: RoomStart)] { get }
  /// The rooms without members, how far they came, and how long the system had run when the last left.
  var emptyRooms: [(name: RoomName, end: RoomStart, sinceBoot: Duration)] { get }
  /// The files that are stored, the oldest first.
  var storedFiles: [SharedFile] { get }

  /// Sends everyone on the server a notice.
  func announce(_ text: String)
  /// A private room's time is over: it can't be entered from here on.
  ///
  /// - Returns: false if somebody is or was in it meanwhile, or is about to be: it lives on.
  func beginExpiry(of room: String) -> Bool
  /// Nothing is left of a private room whose time was over.
  func endExpiry(of room: String)
  /// Checks whether the folder of the stored files still is where it was.
  func checkFileFolder()
}
