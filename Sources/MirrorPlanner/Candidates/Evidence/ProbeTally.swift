package import KubeCore
package import MirrorAPI

/// What one probe of one seed has answered so far, counted as the kubelet counts for a container: it fails from
/// `failureThreshold` failures in a row on, and passes again from `successThreshold` successes in a row on.
package struct ProbeTally: Hashable, Sendable {
    package private(set) var isFailing: Bool?
    private var failures = 0
    private var successes = 0
    private var error: String?
    private var at: Timestamp?

    package init() {}

    /// Takes a result; `error` is nil for a success.
    ///
    /// The first results after a start decide only once there are enough of one kind in a row: until then it is not
    /// known whether the seed passes.
    package mutating func take(error: String?, at now: Moment, _ probe: Probe) {
        at = now.begins
        self.error = error
        if error == nil {
            failures = 0
            successes = min(successes + 1, probe.successThreshold)
            if successes == probe.successThreshold { isFailing = false }
        } else {
            successes = 0
            failures = min(failures + 1, probe.failureThreshold)
            if failures == probe.failureThreshold { isFailing = true }
        }
    }

    /// The evidence; nil before the first result.
    ///
    /// - Parameter target: what is asked, such as `tcp://10.0.0.7:5001`.
    package func reading(_ probe: Probe, target: String) -> ProbeReading? {
        at.map {
            ProbeReading(
                name: probe.name,
                target: target,
                isFailing: isFailing,
                lastError: error,
                at: $0,
                periodSeconds: probe.periodSeconds,
                rowSeconds: probe.rowSeconds
            )
        }
    }
}

/// What a probe of one seed says now.
package struct ProbeReading: Codable, Hashable, Sendable {
    package var name: String
    package var target: String
    /// Nil while there are too few results.
    package var isFailing: Bool?
    /// The error of the last result; nil for a success.
    package var lastError: String?
    /// When that was, on the clock of the decision.
    package var at: Timestamp
    package var periodSeconds: Int
    /// From the first to the last of the failures that make it fail.
    package var rowSeconds: Int

    package init(
        name: String,
        target: String,
        isFailing: Bool?,
        lastError: String?,
        at: Timestamp,
        periodSeconds: Int,
        rowSeconds: Int
    ) {
        self.name = name
        self.target = target
        self.isFailing = isFailing
        self.lastError = lastError
        self.at = at
        self.periodSeconds = periodSeconds
        self.rowSeconds = rowSeconds
    }

    /// One without a result so far.
    package static func silent(_ probe: Probe, target: String) -> ProbeReading {
        ProbeReading(
            name: probe.name,
            target: target,
            isFailing: nil,
            lastError: nil,
            at: .distantPast,
            periodSeconds: probe.periodSeconds,
            rowSeconds: probe.rowSeconds
        )
    }

    /// Whether the prober still works on it: two results may be missing.
    func isCurrent(_ now: Moment) -> Bool { now.passed - at <= periodSeconds.multiplied(by: 3) }
}

extension Probe {
    /// From the first to the last of the failures that make it fail.
    fileprivate var rowSeconds: Int { periodSeconds.multiplied(by: failureThreshold.subtracting(1)) }
}
