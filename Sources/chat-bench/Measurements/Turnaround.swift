import ChatSystem

/// How fast one writer can say a line, get it back, and say the next one: each is a group of its own.
struct Turnaround {
  var seconds = 2.0

  /// The results of one run.
  struct Sample {
    let groupsPerSecond: Double
    /// In milliseconds.
    let median: Double
    let p99: Double
  }

  func run(_ subject: ChatServerSubject) throws -> Sample {
    let server = try RunningServer(subject)
    let connection = try LineConnection(port: server.port)
    connection.sendAtOnce()
    try subject.begin(connection, name: "writer", room: nil)
    try subject.enter(connection)
    var histogram = LatencyHistogram()
    let start = MonotonicTime.now
    var last = start
    var number = 0
    while last < start + .seconds(seconds) {
      try connection.send("line \(number)\n")
      try connection.wait { $0 == "writer: line \(number)" }
      let now = MonotonicTime.now
      histogram.add(now.nanoseconds - last.nanoseconds)
      last = now
      number += 1
    }
    return Sample(
      groupsPerSecond: Double(number) / ((last - start) / .seconds(1)),
      median: histogram.milliseconds(0.5), p99: histogram.milliseconds(0.99))
  }
}
