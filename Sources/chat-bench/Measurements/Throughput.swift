import ChatSystem
import Foundation

/// The deliveries a second, with so many senders and receivers.
struct Throughput {
  let receivers: Int
  /// A single sender is not one of the receivers; several senders are, at least one in each room.
  let senders: Int
  var rooms = 1
  var size = 64
  var seconds = 1.5
  /// The windows that are tried, each for all senders together.
  var windowBytes = [65_536, 524_288, 4_194_304]

  /// The results of one run.
  struct Sample {
    let deliveries: Double
    let elapsed: Double
    /// The server's processor time.
    let serverSeconds: Double
    let loadSeconds: Double

    var deliveriesPerSecond: Double { deliveries / elapsed }
    /// The server's, per million deliveries.
    var processorSecondsPerMillion: Double { serverSeconds / deliveries * 1e6 }
    /// How much of one processor the load generator used.
    var loadShare: Double { loadSeconds / elapsed }
    /// How much of one processor the server used.
    var serverShare: Double { serverSeconds / elapsed }

    /// The load generator was saturated, and the server was not: the server was not measured.
    var isSaturated: Bool { loadShare > 0.97 && serverShare < 0.9 }

    /// Two runs as one.
    static func + (one: Sample, other: Sample) -> Sample {
      Sample(
        deliveries: one.deliveries + other.deliveries, elapsed: one.elapsed + other.elapsed,
        serverSeconds: one.serverSeconds + other.serverSeconds,
        loadSeconds: one.loadSeconds + other.loadSeconds)
    }
  }

  var people: Int { receivers + (senders == 1 ? 1 : 0) }

  /// Of so many members of a room, one has each of its lines checked; of a few, all have.
  var checkEvery: Int { people > 500 && rooms == 1 ? 100 : people > 10 ? 10 : 1 }

  /// The windows that are tried, in texts of each sender.
  var windows: [Int] {
    windowBytes.map { max(senders == 1 ? 1 : 64, $0 / size / senders) }
  }

  /// The best window for a subject, by the medians of so many runs. The first one that is too large for it ends the search.
  func bestWindow(for subject: any Subject, runs: Int = 1) -> Int {
    var best = (window: windows[0], rate: 0.0)
    for window in windows {
      guard
        let rates = try? (0..<runs).map({ _ in try run(subject, window: window).deliveriesPerSecond
        })
      else { break }
      let rate = Runs(rates).median
      if rate > best.rate { best = (window, rate) }
    }
    return best.window
  }

  /// Runs once, with at most `window` texts of each sender in flight: sent, but not received by everyone.
  func run(_ subject: any Subject, window: Int) throws -> Sample {
    try Flood(RunningServer(subject), subject, self, window: window).run(for: .seconds(seconds))
  }

  /// Runs once, in bursts between which the server has time for what it does behind.
  func run(
    _ subject: any Subject, window: Int, bursts: Int, texts: Int, pause: Duration
  ) throws -> Sample {
    let flood = try Flood(RunningServer(subject), subject, self, window: window)
    var total = Sample(deliveries: 0, elapsed: 0, serverSeconds: 0, loadSeconds: 0)
    for _ in 0..<bursts {
      SystemThread.sleep(for: pause)
      total = total + (try flood.run(for: .seconds(60), texts: texts))
    }
    return total
  }
}
