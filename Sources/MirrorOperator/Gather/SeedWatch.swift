import KubeCore
package import KubeRuntime
package import MirrorAPI
package import MirrorPlanner
import Synchronization

/// What this process has seen of seeds: their announcements, pods and probes, and how far each signal is trusted.
///
/// It lives as long as the process, and is told in standby too. Only probes belong to a term: nobody makes them
/// between two.
package final class SeedWatch: Sendable {
    private struct State {
        var announcements = AnnouncementMemory()
        var probes = ProbeMemory()
        var pods: [WatchedPods: [String: PodReading]] = [:]
        var trust: [String: SignalTrust] = [:]
        /// Nil while not leading.
        var term: Term?
    }

    private struct Term {
        var wake: @Sendable (String, Duration) -> Void
        var probesChanged: AsyncStream<Void>.Continuation
    }

    /// How long news are gathered that change what is known of one seed: seldom is it one alone.
    static let newsDelay = Duration.milliseconds(50)
    /// How long news are gathered that matter together with others only.
    static let trendDelay = Duration.seconds(1)

    private let clock: SeedClock
    private let mirrors: Store<ObservedMirror>.Reader
    private let makesProbes: Bool
    private let staleness: @Sendable (Provider) -> [Signal: String]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - mirrors: whose seeds are watched.
    ///   - makesProbes: false where nobody makes any: what is never asked must not count as silent.
    ///   - staleness: why the watches behind the signals of a provider's seeds are out of date.
    package init(
        _ clock: SeedClock,
        mirrors: Store<ObservedMirror>.Reader,
        makesProbes: Bool = true,
        staleness: @escaping @Sendable (Provider) -> [Signal: String] = { _ in [:] }
    ) {
        self.clock = clock
        self.mirrors = mirrors
        self.makesProbes = makesProbes
        self.staleness = staleness
    }

    /// What is known of the seeds of a mirror now; its probes are from now on those of these nodes.
    ///
    /// - Parameter snapshot: with all nodes, with all MirrorNodes, since of a seed whose Node is gone there still is
    ///   one, and with what there is of the mirror's provider.
    package func evidence(of mirror: P2PMirror, in snapshot: Snapshot) -> SeedEvidence {
        // Read before the memory, which may only be fresher than it says.
        let stale = staleness(mirror.spec.provider)
        let name = mirror.metadata.name
        let selected = snapshot.nodes.filter { mirror.spec.selector.matches($0.metadata.labels) }
        let known = snapshot.mirrorNodes.filter { $0.spec.mirrorName == name }.map(\.spec.nodeName)
        let names = Set(selected.map(\.metadata.name)).union(known)
        let probes =
            makesProbes
            ? SeedProbe.probes(of: mirror, selected, mirror.spec.provider.rules.probeTargets(of: mirror, snapshot)) : []
        return state.withLock { state in
            if state.probes.replace(name, by: probes) { state.term?.probesChanged.yield() }
            let pods = WatchedPods(of: mirror.spec.provider).flatMap { state.pods[$0] } ?? [:]
            return SeedEvidence(
                now: clock.now,
                pods: pods.filter { names.contains($0.key) },
                probes: state.probes.readings(of: name),
                announcements: state.announcements.announcements(of: name, names),
                agentsHeardAt: state.announcements.agentsHeardAt(names),
                stale: stale,
                trust: state.trust[name] ?? SignalTrust(since: clock.beginning)
            )
        }
    }

    /// Keeps what a decision about the mirror came to trust, for the next one.
    package func remember(_ trust: SignalTrust, _ mirror: String) {
        state.withLock { $0.trust[mirror] = trust }
    }

    /// Forgets a mirror that is gone.
    package func forget(_ mirror: String) {
        state.withLock { state in
            state.trust[mirror] = nil
            state.announcements.forget(mirror: mirror)
            if state.probes.replace(mirror, by: []) { state.term?.probesChanged.yield() }
        }
    }
}

/// What is told to it.
extension SeedWatch {
    /// Takes changes of Leases.
    ///
    /// - Parameter isOwned: whether there is a MirrorNode of that name: the Lease of a seed that is gone is forgotten,
    ///   one that somebody deleted goes on to age.
    func see(_ changes: [StoreChange<Lease>], isOwned: (String) -> Bool) {
        let now = Moment(clock.now)
        let (labels, wake) = state.withLock { state in
            var labels: Set<String> = []
            for change in changes {
                let mirror = (change.new ?? change.old)?.metadata.labels[LabelKey.mirror] ?? ""
                if let lease = change.new {
                    if state.announcements.see(lease, at: now) { labels.insert(mirror) }
                } else if !isOwned(change.key.name) {
                    state.announcements.forget(change.key.name, of: mirror)
                }
            }
            return (labels, state.term?.wake)
        }
        guard let wake, !labels.isEmpty else { return }
        for name in mirrors.all.map(\.metadata.name) where labels.contains(Names.labelValue(name)) {
            wake(name, Self.newsDelay)
        }
    }

    /// Takes changes of MirrorNodes.
    func see(_ changes: [StoreChange<MirrorNode>]) {
        let now = Moment(clock.now)
        state.withLock { state in
            for change in changes { state.announcements.see(change, at: now) }
        }
    }

    /// Takes what the pods of these nodes say now; nil where a node has none.
    func see(_ watched: WatchedPods, _ readings: [String: PodReading?]) {
        let wake = state.withLock { state -> (@Sendable (String, Duration) -> Void)? in
            let before = state.pods[watched] ?? [:]
            for (node, reading) in readings { state.pods[watched, default: [:]][node] = reading }
            return before == state.pods[watched] ?? [:] ? nil : state.term?.wake
        }
        guard let wake else { return }
        for mirror in mirrors.all.compactMap(\.mirror) where WatchedPods(of: mirror.spec.provider) == watched {
            wake(mirror.metadata.name, Self.newsDelay)
        }
    }

    /// Takes the result of a probe.
    func see(_ key: ScheduledProbe.Key, _ outcome: ProbeOutcome) {
        OperatorMetrics.probed(outcome)
        let now = Moment(clock.now)
        let (news, wake) = state.withLock { ($0.probes.take(key, outcome, at: now), $0.term?.wake) }
        switch news {
        case .verdict: wake?(key.mirror, Self.newsDelay)
        case .trend: wake?(key.mirror, Self.trendDelay)
        case nil: break
        }
    }
}

/// Leading, and not.
extension SeedWatch {
    /// A term begins: from now on mirrors are woken.
    ///
    /// - Parameter wake: is told a mirror and how soon it is to look; must return at once.
    /// - Returns: one element for each time that the probes have become others.
    func begin(_ wake: @escaping @Sendable (String, Duration) -> Void) -> AsyncStream<Void> {
        let (changes, changed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.probes.beginAnew()
            state.term = Term(wake: wake, probesChanged: changed)
        }
        // What was wanted in the term before.
        changed.yield()
        return changes
    }

    /// The term is over.
    func end() {
        state.withLock { state in
            state.term?.probesChanged.finish()
            state.term = nil
        }
    }

    /// The probes that are wanted, of all mirrors.
    var probes: [ScheduledProbe] { state.withLock { $0.probes.scheduled } }

    /// How many of a mirror's probes fail.
    var failingProbes: [String: Int] { state.withLock { $0.probes.failing } }
}
