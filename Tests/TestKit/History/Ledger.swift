import ChatSystem

/// What anyone received of any room: each line under its number.
///
/// Thread: any.
package final class Ledger: Sendable {
  private struct State {
    var rooms: [String: [UInt64: String]] = [:]
    var problems: [String] = []
    var count = 0
    var alarm: (count: Int, action: @Sendable () -> Void)?
  }

  private let state = Guarded(State())

  /// Makes an empty one.
  package init() {}

  /// Notes a line that was received. Two lines of one number are a problem.
  package func note(_ line: String, number: UInt64, in room: String) {
    let action = state.withLock { state -> (@Sendable () -> Void)? in
      if let old = state.rooms[room, default: [:]].updateValue(line, forKey: number), old != line {
        state.problems.append(
          "\(room) \(number): '\(old.prefix(40))' and '\(line.prefix(40))' were received")
      }
      state.count += 1
      guard let alarm = state.alarm, state.count >= alarm.count else { return nil }
      state.alarm = nil
      return alarm.action
    }
    action?()
  }

  /// Notes what was wrong.
  package func report(_ problem: String) { state.withLock { $0.problems.append(problem) } }

  /// What was wrong so far.
  package var problems: [String] { state.withLock { $0.problems } }

  /// How many lines were received, by all together.
  package var count: Int { state.withLock { $0.count } }

  /// Has the one who receives the line after so many more do something, at once.
  package func after(_ lines: Int, _ action: @escaping @Sendable () -> Void) {
    state.withLock { $0.alarm = ($0.count + lines, action) }
  }

  /// The rooms of which something was received, sorted.
  package var rooms: [String] { state.withLock { $0.rooms.keys.sorted() } }

  /// What was received of a room.
  package func lines(of room: String) -> [UInt64: String] {
    state.withLock { $0.rooms[room] ?? [:] }
  }

  /// Compares what was received of a room with all that its history has: the numbers go from 1 on without a gap, every
  /// line that was received has its number there, and no text is there twice.
  ///
  /// Texts have to differ: whoever speaks numbers them.
  /// - Parameter isWhole: no number may be missing; otherwise some may, none twice or out of order.
  /// - Returns: what is wrong, the first few.
  package func compare(_ kept: [KeptLine], with room: String, isWhole: Bool = true) -> [String] {
    var problems: [String] = []
    var byNumber: [UInt64: String] = [:]
    var texts: Set<String> = []
    var last: UInt64 = 0
    for line in kept {
      if isWhole ? line.number != last + 1 : line.number <= last {
        problems.append(
          "\(room): number \(line.number), '\(line.text.prefix(40))', follows \(last)")
      }
      last = line.number
      byNumber[line.number] = line.text
      if line.text.contains(": "), !texts.insert(line.text).inserted {
        problems.append("\(room) \(line.number): '\(line.text.prefix(40))' is there twice")
      }
    }
    for (number, text) in lines(of: room).sorted(by: { $0.key < $1.key }) {
      guard let found = byNumber[number] else {
        if isWhole { problems.append("\(room) \(number): '\(text.prefix(40))' is missing") }
        continue
      }
      if found != text {
        problems.append("\(room) \(number): '\(found.prefix(40))' instead of '\(text.prefix(40))'")
      }
    }
    return problems.count > 5 ? problems.prefix(5) + ["… \(problems.count) in all"] : problems
  }
}
