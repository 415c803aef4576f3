internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Fills the search index in the background. Lines that it has not reached yet are searched without it.
///
/// Thread: any.
final class Indexer: Sendable {
  /// How many lines are indexed at once: searches wait meanwhile.
  private static let linesAtOnce = 1_000
  /// How long it waits for more lines first.
  private static let delay: DispatchTimeInterval = .milliseconds(200)
  /// While lines keep coming, it works one part of the time and rests so many; in a rush, so many more.
  private static let restsPerWork = 9.0
  private static let rushRestsPerWork = 99.0
  /// How many groups of a room are removed at once.
  private static let forgottenGroups = 16

  private let index: SearchIndex
  private let log: EventLog
  private let queue = DispatchQueue(label: "index", qos: .utility)
  /// Counts the calls of `wake`: lines keep coming if it changes.
  private let wakes = Atomic<Int>(0)
  private let isScheduled = Atomic<Bool>(false)
  private let isRushed = Atomic<Bool>(false)
  private let isStopped = Atomic<Bool>(false)

  init(_ index: SearchIndex, log: EventLog) {
    self.index = index
    self.log = log
  }

  /// There are new lines.
  func wake() {
    wakes.wrappingAdd(1, ordering: .relaxed)
    schedule(after: Self.delay)
  }

  /// Notes whether so much is said that the rooms need the processors more.
  func note(isRushed: Bool) { self.isRushed.store(isRushed, ordering: .relaxed) }

  /// Checks whether the index still is where it was; if not, it is rebuilt.
  func check() {
    queue.async {
      guard self.index.takeLoss() else { return }
      self.log.warning("the search index is gone: it is filled anew")
      self.wake()
    }
  }

  /// Removes a room's words from the index, as long as its number means that room, then calls `next`.
  func forget(
    _ room: Int64, while isSame: @escaping @Sendable () -> Bool,
    then next: @escaping @Sendable () -> Void
  ) {
    queue.async {
      guard isSame() else { return next() }
      do throws(HistoryError) {
        if try self.index.forget(room, limit: Self.forgottenGroups) {
          next()
        } else {
          self.forget(room, while: isSame, then: next)
        }
      } catch {
        self.log.error("the search index: \(error)")
        next()
      }
    }
  }

  /// Ends it, without waiting: what is not indexed will be when a server starts again.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  private func schedule(after delay: DispatchTimeInterval) {
    guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
    queue.asyncAfter(deadline: .now() + delay) { [weak self] in self?.fill() }
  }

  private func fill() {
    isScheduled.store(false, ordering: .releasing)
    guard !isStopped.load(ordering: .relaxed) else { return }
    let wakesBefore = wakes.load(ordering: .relaxed)
    let start = MonotonicTime.now
    do throws(HistoryError) {
      guard try index.fill(limit: Self.linesAtOnce) > 0 else { return }
    } catch {
      log.error("the search index: \(error)")
      return schedule(after: .seconds(10))
    }
    let isRushed = isRushed.load(ordering: .relaxed)
    let isBusy = isRushed || wakes.load(ordering: .relaxed) != wakesBefore
    let work = (MonotonicTime.now - start) / .microseconds(1)
    let rests = isRushed ? Self.rushRestsPerWork : Self.restsPerWork
    schedule(after: .microseconds(isBusy ? Int(work * rests) : 0))
  }
}
