public import KubeCore

/// The rules by which one of several candidates holds a Lease; it does no I/O.
///
/// # Expected flow
/// Ask `next` what to do; report the outcome by `read`, `written` or `failed`; ask again.
///
/// # Guarantees
/// - Another candidate's Lease is taken over only when it has not changed for its duration on *our* monotonic clock,
///   so that no clock has to agree with another one.
/// - `isLeading` holds for `renewDeadline` after the *sending* of the last successful renewal. That is less than the
///   duration after which others may take over, by the difference between the two.
/// - Every write carries the version that was read as its precondition, so that one of several takes the Lease.
///
/// # Caveats
/// A Lease is no fence: a write that was sent while leading may arrive later. Writes need preconditions of their own.
public struct LeaderElection: Sendable {
    /// What to do next.
    public enum Action: Hashable, Sendable {
        /// Read the Lease.
        case read
        /// Create it.
        case create(Lease)
        /// Replace it; its `resourceVersion` is the precondition.
        case replace(Lease)
        /// Do nothing for so long.
        case wait(Duration)
    }

    private enum Knowledge {
        /// To be read before anything is decided.
        case unknown
        case absent
        case lease(Lease)
    }

    private let configuration: LeaderElectionConfiguration
    private var knowledge = Knowledge.unknown
    private var nextAttempt = Duration.zero
    /// When the Lease was first seen as it is.
    private var unchangedSince = Duration.zero
    private var observedSpec: Lease.Spec?
    /// When the last successful write of ours was sent; nil while not leading.
    private var confirmedAt: Duration?

    /// Creates a candidate that has seen nothing.
    public init(configuration: LeaderElectionConfiguration) {
        self.configuration = configuration
    }

    /// Who holds the Lease as far as is known; nil where nobody does.
    public var holder: String? {
        guard let holder = observedSpec?.holderIdentity, !holder.isEmpty else { return nil }
        return holder
    }

    /// Whether this candidate leads at that time.
    public func isLeading(at now: Duration) -> Bool { leadsUntil.map { now < $0 } ?? false }

    /// When leading ends unless it is confirmed before; nil while not leading.
    public var leadsUntil: Duration? { confirmedAt.map { $0 + configuration.renewDeadline } }

    /// What to do now.
    ///
    /// - Parameter wall: the time to write into the Lease, for people; no decision depends on it.
    public mutating func next(at now: Duration, wall: MicroTimestamp) -> Action {
        if confirmedAt != nil, !isLeading(at: now) { loseLeadership() }
        guard now >= nextAttempt else { return .wait(nextAttempt - now) }
        switch knowledge {
        case .unknown:
            return .read
        case .absent:
            return .create(Lease(metadata: metadata(), spec: acquired(from: nil, wall)))
        case .lease(let lease):
            if isOurs(lease) { return .replace(renewed(lease, wall)) }
            let remaining = timeToExpiry(lease, at: now)
            guard remaining <= .zero else {
                nextAttempt = now + min(configuration.retryPeriod, remaining)
                knowledge = .unknown
                return .wait(nextAttempt - now)
            }
            var lease = lease
            lease.spec = acquired(from: lease.spec, wall)
            return .replace(lease)
        }
    }

    /// The Lease was read; nil where there is none.
    public mutating func read(_ lease: Lease?, at now: Duration) {
        guard let lease else {
            knowledge = .absent
            observedSpec = nil
            loseLeadership()
            return
        }
        observe(lease, at: now)
        if !isOurs(lease) { loseLeadership() }
    }

    /// A write was accepted; `sentAt` is the time before it was sent.
    public mutating func written(_ lease: Lease, sentAt: Duration) {
        observe(lease, at: sentAt)
        confirmedAt = sentAt
        nextAttempt = sentAt + configuration.retryPeriod
    }

    /// A read or a write failed, or its outcome is unknown: the Lease is read again before anything is decided.
    public mutating func failed(conflict: Bool, at now: Duration) {
        knowledge = .unknown
        // A conflict says that somebody wrote: who, decides whether we still lead. All else waits its turn.
        nextAttempt = conflict ? now : now + configuration.retryPeriod
    }

    /// The write that gives the Lease up, or nil where we do not hold it.
    public mutating func release(at now: Duration, wall: MicroTimestamp) -> Lease? {
        let leading = isLeading(at: now)
        loseLeadership()
        guard leading, case .lease(var lease) = knowledge, isOurs(lease) else { return nil }
        lease.spec?.holderIdentity = ""
        lease.spec?.renewTime = wall
        // The others need not wait for the rest of our time.
        lease.spec?.leaseDurationSeconds = 1
        return lease
    }

    /// Ends leading at once, without giving the Lease up.
    public mutating func loseLeadership() {
        confirmedAt = nil
    }
}

extension LeaderElection {
    private func isOurs(_ lease: Lease) -> Bool { lease.spec?.holderIdentity == configuration.identity }

    private mutating func observe(_ lease: Lease, at now: Duration) {
        knowledge = .lease(lease)
        // The specification, not the version: a label set by somebody is no sign of life of the holder.
        guard lease.spec != observedSpec else { return }
        observedSpec = lease.spec
        unchangedSince = now
    }

    private func timeToExpiry(_ lease: Lease, at now: Duration) -> Duration {
        guard let holder = lease.spec?.holderIdentity, !holder.isEmpty else { return .zero }
        let seconds = lease.spec?.leaseDurationSeconds.map {
            Duration.seconds($0.bounded(to: 0...Lease.greatestNumber))
        }
        return unchangedSince + (seconds ?? configuration.leaseDuration) - now
    }

    private func metadata() -> ObjectMeta {
        ObjectMeta(name: configuration.lease.name, namespace: configuration.lease.namespace)
    }

    private func acquired(from spec: Lease.Spec?, _ wall: MicroTimestamp) -> Lease.Spec {
        Lease.Spec(
            holderIdentity: configuration.identity,
            leaseDurationSeconds: Int(configuration.leaseDuration.components.seconds),
            acquireTime: wall,
            renewTime: wall,
            leaseTransitions: spec.map { Lease.transitions(after: $0.leaseTransitions) } ?? 0
        )
    }

    private func renewed(_ lease: Lease, _ wall: MicroTimestamp) -> Lease {
        var lease = lease
        lease.spec?.renewTime = wall
        lease.spec?.leaseDurationSeconds = Int(configuration.leaseDuration.components.seconds)
        return lease
    }
}
