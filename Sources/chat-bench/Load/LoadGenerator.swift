import Foundation

/// This process's own use of the processor, which can disturb what it measures.
enum LoadGenerator {
  /// Processor time used so far, in seconds.
  static var processorSeconds: Double { usedSeconds(CInt(RUSAGE_SELF.rawValue)) }

  /// Processor time that this process, or those it has started and seen the end of, used (getrusage(2)).
  static func usedSeconds(_ who: CInt) -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(who), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
      + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
  }
}
