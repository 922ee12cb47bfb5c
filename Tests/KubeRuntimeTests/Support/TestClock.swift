import KubeTestSupport
import Testing

/// Waits for a condition that other tasks bring about; the limit is real time and only ends tests that hang.
func eventually(
    _ what: String,
    within limit: Duration = .seconds(60),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async -> Bool
) async {
    let end = ContinuousClock.now + limit
    while await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(1))
    }
}

extension TestClock {
    /// Moves on step by step until a condition holds. For waits that a task computes before it sleeps: it may fall
    /// asleep after the clock was moved, and then sleeps from there.
    func advance(by step: Swift.Duration, until what: String, _ condition: @escaping @Sendable () -> Bool) async {
        await eventually(what) {
            if condition() { return true }
            self.advance(by: step)
            return false
        }
    }
}

/// SplitMix64: small, seeded, and the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
