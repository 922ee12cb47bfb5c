/// Which watches end because their certificates were replaced, and when.
///
/// A watch that was begun with the old ones may reach the loop after the word that they were replaced, so that the word
/// is kept.
package struct Retirement: Sendable {
    package typealias Instant = ContinuousClock.Instant

    private var before = 0
    private var spread = Duration.zero

    package init() {}

    /// From now on no watch stays whose certificates have a lower number; they end spread over a time.
    package mutating func begin(before number: Int, within spread: Duration) {
        before = max(before, number)
        self.spread = spread
    }

    /// When a watch ends that is there at `now`; nil where it may stay.
    ///
    /// - Parameters:
    ///   - identity: number of its certificates.
    ///   - part: from 0 to 1, its place in the time over which the watches end.
    package func instant(for identity: Int, at now: Instant, part: Double) -> Instant? {
        identity < before ? now + spread * part : nil
    }
}
