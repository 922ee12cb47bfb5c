/// When a seed renews its announcement, and when it says goodbye; pure.
///
/// It looks at the daemon every few seconds, and renews once an interval, as long as the daemon's own probe passes; so
/// a daemon that has died or hangs is out after twice the interval. Only where the service was stopped and will not
/// come back by itself it says so at once. That this agent ends is no goodbye: its successor goes on from the Lease. An
/// API server that does not answer changes nothing but the time of the next try.
///
/// Times are durations since some origin, and inputs, as is randomness.
package struct Announcer: Sendable {
    /// What one look at the daemon gave.
    package enum Look: Hashable, Sendable {
        case alive
        /// The probe failed; what the service manager says of the service.
        case silent(ServicePresence)
    }

    package enum Action: Hashable, Sendable {
        case none
        case renew
        case sayGoodbye(String)
    }

    private enum State: Hashable, Sendable {
        /// The Lease says that the seed is there, or does not exist yet.
        case announced
        /// The Lease says goodbye with this reason.
        case gone(String)
    }

    /// From one renewal to the next.
    private let interval: Duration
    private var state = State.announced
    /// When the next renewal is due.
    private var renewAt: Duration
    /// Before this nothing is written: the last try failed.
    private var retryAt: Duration = .zero
    private var failures = 0
    private var underWay = Action.none

    /// Goes on where the Lease stands.
    ///
    /// - Parameters:
    ///   - age: time since the last renewal, by the clock of this node, which wrote it; nil where there is no Lease,
    ///     or where it can't be read.
    ///   - promised: the interval that the Lease promises; nil where there is none.
    ///   - goodbye: the reason that stands in the Lease, where it says goodbye.
    package init(
        interval: Duration,
        age: Duration?,
        promised: Duration? = nil,
        goodbye: String? = nil,
        now: Duration,
        using generator: inout some RandomNumberGenerator
    ) {
        self.interval = max(.seconds(1), interval)
        if let goodbye {
            state = .gone(goodbye)
            renewAt = now
        } else if let promised, promised != self.interval {
            // Whoever watches goes by what the Lease promises, until the first renewal in the new interval.
            renewAt = now + min(promised, self.interval) * Double.random(in: 0..<0.5, using: &generator)
        } else if let age, age >= .zero, age < self.interval * 2 {
            // Never later than its predecessor would have been.
            renewAt = max(now, now - age + self.interval * Self.jitter(&generator))
        } else if age != nil {
            renewAt = now
        } else {
            // A whole fleet that is new must not come at once.
            renewAt = now + self.interval * Double.random(in: 0..<1, using: &generator)
        }
    }

    /// Pause between two looks at the daemon: short, so that a goodbye is said at once.
    package var lookEvery: Duration { min(.seconds(5), interval / 3) }

    /// Takes a look and gives what to write. Until `wrote` is called nothing else is given.
    package mutating func take(_ look: Look, now: Duration) -> Action {
        guard underWay == .none, now >= retryAt else { return .none }
        underWay = action(for: look, now: now)
        return underWay
    }

    private func action(for look: Look, now: Duration) -> Action {
        switch look {
        case .alive:
            if case .gone = state { return .renew }
            return now >= renewAt ? .renew : .none
        case .silent(.stopped(let reason)): return state == .gone(reason) ? .none : .sayGoodbye(reason)
        case .silent: return .none
        }
    }

    /// Takes what became of the last action.
    ///
    /// - Parameter isWritten: whether the server has it; where that is not known it is not.
    package mutating func wrote(
        _ isWritten: Bool,
        now: Duration,
        using generator: inout some RandomNumberGenerator
    ) {
        defer { underWay = .none }
        guard isWritten else {
            failures += 1
            // Doubled up to half the interval: a server that comes back has the announcements before they expire.
            let pause = min(Duration.seconds(1) * (1 << min(failures - 1, 10)), interval / 2)
            retryAt = now + pause * Self.jitter(&generator)
            return
        }
        failures = 0
        retryAt = .zero
        switch underWay {
        case .none: break
        case .renew:
            state = .announced
            renewAt = now + interval * Self.jitter(&generator)
        case .sayGoodbye(let reason): state = .gone(reason)
        }
    }

    /// When to look again.
    package func nextLook(now: Duration) -> Duration {
        let next = now + lookEvery
        return renewAt > now ? min(next, renewAt) : next
    }

    /// Never late, and no two seeds together for long.
    private static func jitter(_ generator: inout some RandomNumberGenerator) -> Double {
        Double.random(in: 0.8..<1, using: &generator)
    }
}
