public import KubeCore

/// Which Lease, for whom, and how fast.
public struct LeaderElectionConfiguration: Hashable, Sendable {
    /// Namespace and name of the Lease.
    public var lease: ObjectKey
    /// Name of this candidate; no other process may have it at any time.
    public var identity: String
    /// How long others wait after the last renewal that they saw; whole seconds.
    public var leaseDuration: Duration
    /// How long after the last confirmed renewal this candidate leads; shorter than `leaseDuration`.
    public var renewDeadline: Duration
    /// Time between renewals, and between looks at a Lease that another one holds.
    public var retryPeriod: Duration

    /// Creates a configuration with the figures of client-go (15 s, 10 s, 2 s).
    ///
    /// - Throws: `KubeError` with code `configuration` where the durations do not fit each other.
    public init(
        lease: ObjectKey,
        identity: String,
        leaseDuration: Duration = .seconds(15),
        renewDeadline: Duration = .seconds(10),
        retryPeriod: Duration = .seconds(2)
    ) throws(KubeError) {
        guard !identity.isEmpty else { throw KubeError(.configuration, "identity is empty; need a unique name") }
        guard leaseDuration >= .seconds(1), leaseDuration.components.attoseconds == 0 else {
            throw KubeError(.configuration, "leaseDuration is \(leaseDuration); need whole seconds, at least one")
        }
        guard renewDeadline < leaseDuration else {
            throw KubeError(
                .configuration,
                "renewDeadline is \(renewDeadline); need less than the leaseDuration of \(leaseDuration)"
            )
        }
        guard retryPeriod > .zero, retryPeriod * 2 <= renewDeadline else {
            throw KubeError(
                .configuration,
                "retryPeriod is \(retryPeriod); need more than 0 and at most half the renewDeadline of \(renewDeadline)"
            )
        }
        self.lease = lease
        self.identity = identity
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }
}
