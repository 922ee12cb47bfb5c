/// When to say again what has been said and still holds: after a minute, then after ever longer times, up to half an
/// hour.
public struct GrowingIntervals: Hashable, Sendable {
    private static let first = Duration.seconds(60)
    private static let longest = Duration.seconds(1800)

    private var text: String?
    private var interval = first
    private var due = Duration.zero

    /// Nothing has been said.
    public init() {}

    /// Whether `text` is to be said at that time: because it is another one than the last, or because that was long
    /// ago. It counts as said.
    public mutating func isDue(_ text: String, at now: Duration) -> Bool {
        if text != self.text {
            (self.text, interval) = (text, Self.first)
        } else {
            guard now >= due else { return false }
            interval = min(interval * 2, Self.longest)
        }
        due = now + interval
        return true
    }

    /// What was said holds no more.
    public mutating func reset() {
        self = GrowingIntervals()
    }
}
