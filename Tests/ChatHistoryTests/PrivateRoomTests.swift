import ChatHistory
import ChatSystem
import Foundation
import Testing

@Suite("History: private rooms end")
struct PrivateRoomTests {
  @Test("a room is over once nobody was there for a time; public ones never are")
  func expiry() throws {
    let history = try TestHistory()
    let writer = try history.writer
    let left = try writer.room(named: "aaaaaa", isPrivate: true)
    let full = try writer.room(named: "bbbbbb", isPrivate: true)
    try writer.setEmptied(left.id, at: 1_000)
    try writer.setEmptied(history.lobby.id, at: 1_000)
    #expect(try writer.expiredRooms(before: 1_000) == [])
    #expect(try writer.expiredRooms(before: 1_001) == [left])
    try writer.setEmptied(left.id, at: nil)
    #expect(try writer.expiredRooms(before: 9_999) == [])
    try writer.setEmptied(left.id, at: 2_000)
    // The server dies and starts again: who was in the other room is not there now.
    try history.reopen()
    try history.writer.markAllEmptied(at: 3_000)
    #expect(try history.writer.expiredRooms(before: 9_999) == [left, full])
    #expect(try history.writer.expiredRooms(before: 3_000) == [left])
    // The clock is set back: one that was left later than now was left now.
    try history.reopen()
    try history.writer.markAllEmptied(at: 2_500)
    #expect(try history.writer.expiredRooms(before: 2_501) == [left, full])
    // And it is set while the server runs.
    try history.writer.moveEmptied(by: 1_000)
    #expect(try history.writer.expiredRooms(before: 3_000) == [])
    #expect(try history.writer.expiredRooms(before: 3_001) == [left])
    #expect(try history.writer.expiredRooms(before: 3_501) == [left, full])
  }

  @Test("it is deleted a few groups at a time, and its number is never another room's")
  func deletion() throws {
    let history = try TestHistory()
    let room = try history.writer.room(named: "aaaaaa", isPrivate: true)
    try history.append((1...10).map { ["secret \($0)", "more"] }, to: room)
    try history.append([["kept"]])
    var reader: HistoryReader? = try HistoryReader(folder: FilePath(history.folder))
    #expect(try !history.writer.delete(room.id, limit: 4))
    #expect(try reader?.texts(of: room).count == 12)
    #expect(try !history.writer.delete(room.id, limit: 4))
    #expect(try history.writer.delete(room.id, limit: 4))
    #expect(try history.writer.delete(room.id, limit: 4))
    #expect(try reader?.room(named: "aaaaaa") == nil)
    #expect(try reader?.texts(of: room) == [])
    #expect(try reader?.texts(of: history.lobby) == ["kept"])
    #expect(try history.writer.room(named: "aaaaaa", isPrivate: true).id > room.id)
    // Not even its bytes are left in the file, once the log is written back into it.
    reader = nil
    history.close()
    let file = try Data(contentsOf: URL(fileURLWithPath: history.file))
    #expect(file.range(of: Data("secret".utf8)) == nil)
    #expect(file.range(of: Data("kept".utf8)) != nil)
  }
}
