package import KubeCore
package import MirrorAPI
package import MirrorPlanner

/// An incident of one seed: it is in the candidate set and of no use, leaves the set, and comes back once it is well.
///
/// It runs twice with equal windows and equal triggers: once without the operator, for control, and once with it.
package protocol SeedScenario: Sendable {
    var settings: SeedScenarioSettings { get }
    /// What is wrong, as one sentence.
    var incident: String { get }
    /// The run without the operator: two windows after the symptom has begun.
    func control(_ fleet: SimulatedFleet) async throws -> (SearchWindow, SearchWindow)
    /// The run with the operator: symptom, eviction, readmission.
    func cure(_ fleet: SimulatedFleet, api: KubeAPI) async throws -> SeedOutcome
}

/// What both seed scenarios are set by.
package struct SeedScenarioSettings: Sendable {
    package var distribution: RancherDistribution
    package var servers: Int
    package var agents: Int
    /// Searches for peers in each window, four a second.
    package var searches: Int
    package var announceIntervalSeconds: Int
    package var healthyForSeconds: Int
    /// Seconds that anything may take that has no time of its own, such as the start of a fleet.
    package var deadline: Double
    /// Size of each host's own file system for content; nil for none.
    package var contentMebibytes: Int?

    package init(
        _ distribution: RancherDistribution = .rke2,
        servers: Int = 3,
        agents: Int = 2,
        searches: Int = 16,
        announceIntervalSeconds: Int = 5,
        healthyForSeconds: Int = 10,
        deadline: Double = 60,
        contentMebibytes: Int? = nil
    ) {
        self.distribution = distribution
        self.servers = servers
        self.agents = agents
        self.searches = searches
        self.announceIntervalSeconds = announceIntervalSeconds
        self.healthyForSeconds = healthyForSeconds
        self.deadline = deadline
        self.contentMebibytes = contentMebibytes
    }

    /// The seed that the incident is about: the last server, which no other one has joined.
    package var culprit: String { "server-\(servers)" }
    package var timeToLive: Int { Announcements.timeToLiveSeconds(announceIntervalSeconds) }

    package func blueprint(network: String) -> FleetBlueprint {
        .star(distribution, servers: servers, agents: agents, network: network)
    }

    /// Makes a fleet one on which these incidents can happen.
    package func adjust(_ fleet: inout SimulatedFleet.Settings) {
        fleet.nodeGracePeriod = .seconds(40)
        fleet.contentMebibytes = contentMebibytes
        fleet.figureInterval = 1
    }

    /// Seconds from one probe of a seed to the next.
    static let probePeriodSeconds = 1

    /// What the administrator applies. It selects the simulated Nodes only: a cluster may have others.
    func mirror(disk: P2PMirrorSpec.Health.Disk = .init()) -> P2PMirror {
        // The provider's own probe, more often.
        let probe = Probe(
            name: "peer",
            tcpSocket: .init(port: Int(PeerPort.number)),
            periodSeconds: Self.probePeriodSeconds,
            timeoutSeconds: 1
        )
        return P2PMirror(
            metadata: ObjectMeta(name: RingScenario.mirrorName),
            spec: P2PMirrorSpec(
                provider: distribution.provider,
                mode: .enforce,
                selector: LabelSelector(matchLabels: [NodeAdvertisement.label: "true"]),
                candidates: P2PMirrorSpec.Candidates(healthyForSeconds: healthyForSeconds),
                health: P2PMirrorSpec.Health(disk: disk, probes: [probe]),
                liveness: P2PMirrorSpec.Liveness(announceIntervalSeconds: announceIntervalSeconds),
                rollout: P2PMirrorSpec.Rollout(minReadySeconds: 2, progressDeadlineSeconds: 60)
            )
        )
    }
}

/// What a run with the operator came to.
package struct SeedOutcome: Hashable, Sendable {
    package var before: SearchWindow
    package var evicted: SearchWindow
    package var back: SearchWindow
    /// When the incident began.
    package var begin: MicroTimestamp
    package var times: [ExpectedTime]
    /// The states that the seed went through.
    package var states: [CandidateState]
    /// The seed that the incident is about.
    package var culprit: String
    /// Further sentences for the report.
    package var remarks: [String]

    package init(
        before: SearchWindow,
        evicted: SearchWindow,
        back: SearchWindow,
        begin: MicroTimestamp,
        times: [ExpectedTime],
        states: [CandidateState],
        culprit: String,
        remarks: [String] = []
    ) {
        self.before = before
        self.evicted = evicted
        self.back = back
        self.begin = begin
        self.times = times
        self.states = states
        self.culprit = culprit
        self.remarks = remarks
    }

    /// Ends a run whose symptom did not show.
    static func requireSymptom(_ window: SearchWindow) throws {
        if let missing = window.missingSymptom { throw ScenarioFailure("the symptom did not show: \(missing)") }
    }

    /// Why this proves nothing; nil where symptom, eviction and readmission showed, each in its time.
    ///
    /// - Parameter control: the windows of the run without the operator.
    package func complaint(control: (SearchWindow, SearchWindow)) -> String? {
        if let missing = before.missingSymptom { return "the symptom did not show: \(missing)" }
        if let missing = control.0.missingSymptom { return "the symptom did not show in the control run: \(missing)" }
        if let missing = control.1.missingSymptom {
            return "the control run got better without the operator, so the figures prove nothing: \(missing)"
        }
        return complaint
    }

    /// The same without a control run.
    package var complaint: String? {
        if let missing = before.missingSymptom { return "the symptom did not show: \(missing)" }
        if let missing = evicted.missingCure { return "after the eviction: \(missing)" }
        if let missing = back.missingHealth { return "after the readmission: \(missing)" }
        if back.culpritHandedOut == 0 { return "after the readmission \(culprit) was handed out to nobody" }
        if let late = times.lazy.compactMap(\.complaint).first { return late }
        guard states.suffix(3) == [.evicted, .probation, .healthy] else {
            return "\(culprit) went through \(states.map(\.rawValue).joined(separator: ", "))"
        }
        return nil
    }
}

extension SimulatedFleet {
    /// Waits until every node takes part in the mirror, and newcomers find them all.
    package func untilWhole(_ settings: SeedScenarioSettings, _ api: KubeAPI) async throws {
        let distribution = self.settings.blueprint.distribution
        let names = Set(self.settings.blueprint.hosts.map(\.name))
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(settings.deadline)
        var missing = names
        while clock.now < deadline {
            let nodes = (try? await api.list(Node.self)) ?? []
            let whole = nodes.filter { $0.metadata.labels[distribution.peerLabel] == "true" && $0.isReady }
            missing = names.subtracting(whole.map(\.metadata.name))
            if missing.isEmpty { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        guard missing.isEmpty else {
            throw ScenarioFailure("not in the mirror \(Int(settings.deadline)) s after the start: \(missing.sorted())")
        }
        let window = try await search(4, every: .zero, culprit: settings.culprit)
        if let missing = window.missingHealth { throw ScenarioFailure("before the incident \(missing)") }
    }
}
