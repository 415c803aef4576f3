/// Writes numbers as Prometheus reads them (text format 0.0.4).
package struct MetricsText {
  /// The format's media type.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// What was written so far.
  package private(set) var text = ""

  /// Nothing is written yet.
  package init() {}

  /// What a number does.
  package enum Kind: String { case counter, gauge }

  /// Begins a metric; its samples follow.
  ///
  /// - Parameter help: one line without a backslash.
  package mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    header(name, kind.rawValue, help)
  }

  /// One number of a metric.
  ///
  /// - Parameter labels: names and values; the values are the server's own words, without quotes and backslashes.
  package mutating func sample(
    _ name: String, _ labels: KeyValuePairs<String, String>, _ value: UInt64
  ) {
    let list = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
    text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
  }

  /// A metric of one number.
  package mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
    begin(name, kind, help)
    sample(name, [:], value)
  }

  /// A histogram, in seconds.
  package mutating func histogram(_ name: String, _ help: String, _ histogram: LatencyHistogram) {
    header(name, "histogram", help)
    let (below, sum) = (histogram.cumulative, histogram.sum)
    // The total is not less than what is below a bound.
    let count = histogram.count
    for (bound, below) in zip(LatencyHistogram.bounds, below) {
      sample("\(name)_bucket", ["le": Self.seconds(UInt64(bound))], below)
    }
    sample("\(name)_bucket", ["le": "+Inf"], count)
    text += "\(name)_sum \(Self.seconds(sum))\n"
    sample("\(name)_count", [:], count)
  }

  private mutating func header(_ name: String, _ kind: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
  }

  /// Nanoseconds as seconds, exactly.
  private static func seconds(_ nanoseconds: UInt64) -> String {
    let digits = String(nanoseconds % 1_000_000_000)
    var fraction = String(repeating: "0", count: 9 - digits.utf8.count) + digits
    while fraction.last == "0" { fraction.removeLast() }
    let whole = String(nanoseconds / 1_000_000_000)
    return fraction.isEmpty ? whole : "\(whole).\(fraction)"
  }
}
