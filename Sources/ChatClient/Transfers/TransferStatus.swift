internal import ChatClientModel
internal import ChatSystem

/// The row that displays how far the transfers are.
///
/// Thread: a value; its owner's.
struct TransferStatus {
  /// How often the row is set.
  private static let interval: Duration = .milliseconds(100)
  /// How long the row displays how many have a file of the client's.
  private static let deliveryTime: Duration = .seconds(10)

  /// Sets the row; `nil` where there is none.
  private let set: (@Sendable (String?) -> Void)?
  private let clock: ClientClock
  private var next: MonotonicTime
  private var isSet = false
  private var delivery: (text: String, until: MonotonicTime)?

  init(clock: ClientClock, set: (@Sendable (String?) -> Void)?) {
    (self.clock, self.set, next) = (clock, set, clock.now)
  }

  /// When the row is to be set next; `nil` if it need not be.
  func nextTime(isBusy: Bool) -> MonotonicTime? {
    guard set != nil, isSet || isBusy || delivery != nil else { return nil }
    return next
  }

  /// Sets the row, if it is time.
  mutating func update(isBusy: Bool, _ progress: (Moment) -> [TransferProgress]) {
    guard let time = nextTime(isBusy: isBusy), case let now = clock.now, now >= time
    else { return }
    next = now + Self.interval
    if let delivery, now >= delivery.until { self.delivery = nil }
    let parts = progress(now.moment).map(\.text) + (delivery.map { [$0.text] } ?? [])
    isSet = !parts.isEmpty
    set?(isSet ? parts.joined(separator: "  ") : nil)
  }

  /// Notes how many have a file; once all have it, the row does not say so.
  mutating func noteDelivery(_ name: String, have: Int, of all: Int) {
    delivery =
      have < all ? ("\(name): \(have) of \(all) have it", clock.now + Self.deliveryTime) : nil
  }
}
