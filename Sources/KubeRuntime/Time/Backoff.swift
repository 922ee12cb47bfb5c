/// Growing delays between attempts that fail.
///
/// The delay of attempt n is `initial * factor^(n-1)`, at most `maximum`, and then lengthened by a random share of up
/// to `jitter` of itself, so that clients that failed together do not come back together.
///
/// | failures     | 1     | 2     | 3     | 4     | 5      | 6      | 7      | 8      | 18       | 19     |
/// |--------------|-------|-------|-------|-------|--------|--------|--------|--------|----------|--------|
/// | `.watching`  | 0.8 s | 1.6 s | 3.2 s | 6.4 s | 12.8 s | 25.6 s | 30 s   | 30 s   | 30 s     | 30 s   |
/// | `.requeuing` | 5 ms  | 10 ms | 20 ms | 40 ms | 80 ms  | 160 ms | 320 ms | 640 ms | 655.36 s | 1000 s |
///
/// `.watching` has a jitter of 1, so its delays lie between the figure and twice the figure; `.requeuing` has none.
/// Both are the figures of client-go (`tools/cache/reflector.go`, `util/workqueue/default_rate_limiters.go`).
public struct Backoff: Hashable, Sendable {
    /// Delay after the first failure.
    public var initial: Duration
    /// The longest delay, before jitter.
    public var maximum: Duration
    /// Growth from one delay to the next.
    public var factor: Double
    /// Largest random lengthening, as a share of the delay.
    public var jitter: Double
    /// Failures since the last reset.
    public private(set) var failures = 0

    /// For lists and watches: 0.8 s doubled up to 30 s, with full jitter.
    public static let watching = Backoff(initial: .milliseconds(800), maximum: .seconds(30), jitter: 1)
    /// For keys of a work queue: 5 ms doubled up to 1000 s.
    public static let requeuing = Backoff(initial: .milliseconds(5), maximum: .seconds(1000))

    /// Creates delays that double unless `factor` says otherwise.
    public init(initial: Duration, maximum: Duration, factor: Double = 2, jitter: Double = 0) {
        self.initial = initial
        self.maximum = maximum
        self.factor = factor
        self.jitter = jitter
    }

    /// The delay after that many failures in a row, without jitter; zero where there was none.
    public func delay(afterFailures count: Int) -> Duration {
        guard count > 0 else { return .zero }
        var delay = initial
        // By steps: a power of the factor leaves the range of Duration long before the maximum stops it.
        for _ in 1..<max(count, 1) where delay < maximum { delay = delay * factor }
        return min(delay, maximum)
    }

    /// Counts a failure and returns how long to wait before the next attempt.
    public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        failures += 1
        let delay = delay(afterFailures: failures)
        guard jitter > 0 else { return delay }
        return delay * (1 + jitter * Double.random(in: 0..<1, using: &generator))
    }

    /// Forgets the failures.
    public mutating func reset() {
        failures = 0
    }
}
