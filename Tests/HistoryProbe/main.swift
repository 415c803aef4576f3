import ChatHistory
import ChatSystem

/// Commits one group after another to the room `lobby` of the folder it is given, and says after each
/// commit which line was its last, until it is killed.
let writer = try HistoryWriter(folder: FilePath(CommandLine.arguments[1]))
let room = try writer.room(named: "lobby", isPrivate: false)
var sequence = room.lastSequence
var position = room.endPosition
while true {
  var bytes: [UInt8] = []
  let lines = Int(sequence % 7) + 1
  for line in 1...lines { bytes += Array("probe: line \(sequence + UInt64(line))\n".utf8) }
  let batch = ArchiveBatch([
    ArchiveBatch.Lines(
      room: room.name, firstSequence: sequence + 1, lineCount: lines, position: position,
      timeMilliseconds: 0, bytes: bytes)
  ])
  try writer.archive(batch, JournalProgress(identity: 1, position: position))
  sequence += UInt64(lines)
  position += UInt64(bytes.count)
  try StandardStream.output.write(Array("\(sequence)\n".utf8))
}
