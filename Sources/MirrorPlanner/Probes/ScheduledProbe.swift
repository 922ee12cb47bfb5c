package import KubeCore

/// A probe that is made again and again, with the thresholds of a container's probe.
package struct ScheduledProbe: Hashable, Sendable {
    /// Whose probe it is: of one mirror's peer on one node, by the name that the mirror gives it.
    package struct Key: Hashable, Sendable {
        package var mirror: String
        package var node: String
        package var name: String

        package init(mirror: String, node: String, name: String) {
            self.mirror = mirror
            self.node = node
            self.name = name
        }
    }

    package var key: Key
    package var request: ProbeRequest
    /// From one start to the next.
    package var period: Duration
    /// So many failures in a row make it fail.
    package var failureThreshold: Int
    /// So many successes in a row make it pass.
    package var successThreshold: Int

    package init(
        key: Key,
        request: ProbeRequest,
        period: Duration,
        failureThreshold: Int = 3,
        successThreshold: Int = 1
    ) {
        self.key = key
        self.request = request
        self.period = period
        self.failureThreshold = failureThreshold
        self.successThreshold = successThreshold
    }
}

/// What the results of one probe amount to. Times are on the clock of whoever runs the schedule.
package struct ProbeEvidence: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// Fewer results in a row than either threshold asks for: it says nothing.
        case unknown
        case passing
        case failing
    }

    package var verdict: Verdict = .unknown
    /// When the verdict was reached; nil while it is unknown.
    package var since: Duration?
    /// Results in a row that were like the last one.
    package var streak = 0
    /// When the first of them was started.
    package var streakSince: Duration?
    /// The last result, and when it came.
    package var last: ProbeOutcome?
    package var lastAt: Duration?

    package init() {}

    /// Takes one more result; the verdict changes only when a threshold is reached.
    package mutating func add(_ outcome: ProbeOutcome, startedAt: Duration, at now: Duration, of probe: ScheduledProbe)
    {
        let isLikeLast = last?.isSuccess == outcome.isSuccess
        streak = isLikeLast ? streak + 1 : 1
        streakSince = isLikeLast ? streakSince : startedAt
        last = outcome
        lastAt = now
        let threshold = outcome.isSuccess ? probe.successThreshold : probe.failureThreshold
        let reached: Verdict = outcome.isSuccess ? .passing : .failing
        guard streak >= threshold, verdict != reached else { return }
        verdict = reached
        since = now
    }

    /// The address tried and what came of it, in one sentence; the same for the same cause.
    package var message: String? {
        last.map { "\($0.address): \($0.message)" }
    }
}
