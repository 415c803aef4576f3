import ChatSystem

/// One row of a table, and the closure that measures it.
struct Entrant<Sample> {
  let name: String
  let run: () throws -> Sample
}

/// Runs the entrants in turn, and prints what they reached.
struct Runner {
  let subjects: [any Subject]
  /// How often each entrant runs.
  let runs: Int

  /// All but the variants of this project's own server.
  var plain: [any Subject] {
    let variants = subjects.filter { $0.name.hasPrefix(ChatServerSubject.plainName) }
    guard variants.count > 1 else { return subjects }
    return subjects.filter { $0.name != variants[1].name }
  }

  /// Whether this project's own server, with its defaults, is among the subjects.
  var hasOwn: Bool { subjects.contains { $0.name == ChatServerSubject.plainName } }

  /// The subjects that can run a workload. Prints why the others cannot.
  func able(
    _ subjects: [any Subject], _ title: String, people: Int, size: Int = 64,
    needsRooms: Bool = false
  ) -> [any Subject] {
    subjects.filter { subject in
      var reason: String?
      if people > subject.mostClients { reason = "it takes \(subject.mostClients) clients" }
      if size > subject.longestText { reason = "it takes \(subject.longestText) bytes of text" }
      if needsRooms && !subject.hasRooms { reason = "it has no rooms" }
      if let reason { say("\(subject.name) is left out of '\(title)': \(reason)\n") }
      return reason == nil
    }
  }

  /// Runs the entrants alternately. Failures are printed and left out.
  func alternate<Sample>(_ entrants: [Entrant<Sample>]) -> [[Sample]] {
    var samples = entrants.map { _ in [Sample]() }
    for _ in 0..<runs {
      for (index, entrant) in entrants.enumerated() {
        do { samples[index].append(try entrant.run()) } catch {
          StandardStream.error.writeIfPossible("chat-bench: \(entrant.name): \(error)\n")
        }
      }
    }
    return samples
  }

  /// The median of this project's server; not a number if it did not run.
  func own<Sample>(
    _ entrants: [Entrant<Sample>], _ samples: [[Sample]], _ value: (Sample) -> Double
  ) -> Double {
    zip(entrants, samples).first { $0.0.name == ChatServerSubject.plainName }
      .map { Runs($0.1.map(value)).median } ?? .nan
  }

  // MARK: Figures

  /// The samples that measured the server and not the load generator.
  func valid(_ samples: [Throughput.Sample]) -> [Throughput.Sample] {
    samples.filter { !$0.isSaturated }
  }

  func rateText(_ samples: [Throughput.Sample]) -> String {
    let valid = valid(samples)
    if valid.isEmpty && !samples.isEmpty { return "not valid: the load generator was saturated" }
    let note = valid.count < samples.count ? ", \(samples.count - valid.count) not valid" : ""
    return Runs(valid.map(\.deliveriesPerSecond)).text(2, scale: 1e-6) + note
  }

  func show(_ table: Table) { say(table.text) }

  func say(_ text: String) { StandardStream.output.writeIfPossible(text) }
}
