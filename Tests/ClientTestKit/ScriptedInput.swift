internal import ChatClient
internal import ChatSystem

/// The input of a client whose lines a test has written down.
///
/// Thread: any.
package final class ScriptedInput: ClientInput {
  private struct State {
    var answers: [String]
    var lines: [String]
    var questions: [String] = []
  }

  private let state: Guarded<State>

  /// - Parameters:
  ///   - answers: to the client's questions, in order; then the input ends.
  ///   - lines: what is typed once the client is in; then the input ends.
  package init(answers: [String] = [], lines: [String] = []) {
    state = Guarded(State(answers: answers, lines: lines))
  }

  /// What the client has asked.
  package var questions: [String] { state.withLock { $0.questions } }

  package func answer(to question: String) -> [UInt8]? {
    state.withLock { state in
      state.questions.append(question)
      return state.answers.isEmpty ? nil : Array(state.answers.removeFirst().utf8)
    }
  }

  package func nextLines() -> [[UInt8]]? {
    state.withLock { state in
      state.lines.isEmpty ? nil : [Array(state.lines.removeFirst().utf8)]
    }
  }

  package var hasLost: Bool { false }

  package func close() {}
}
