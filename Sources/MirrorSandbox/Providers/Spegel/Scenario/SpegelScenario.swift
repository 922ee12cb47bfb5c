import KubeCore
package import MirrorAPI
import MirrorPlanner

/// The incident `spegel-bootstrap`: every peer that looks for others is sent to the three lowest addresses, and when
/// those are dead it finds nobody, however many others are well.
///
/// It runs twice, in the same phases: one Pod alone, three, the whole fleet, and then a newcomer while the three lowest
/// addresses are dead. Without the operator the objects are those of the upstream chart.
package struct SpegelScenario: Sendable {
    package struct Settings: Sendable {
        /// Nodes before the newcomer; three of them are less than 34 % of all.
        package var nodes = 12
        /// Release of Spegel.
        package var version = "v0.7.4"
        /// Seconds that the first Pod is alone.
        package var alone = 10
        /// Seconds that the newcomer is given.
        package var window = 120
        /// Seconds that anything may take that has no time of its own, such as the start of a fleet.
        package var deadline = 60.0
        package var unhealthyForSeconds = 10
        /// Seconds for which a new Pod must be ready before what ails it counts.
        package var minReadySeconds = 5

        package init() {}
    }

    /// How Spegel is installed in one run.
    package enum Side: Sendable {
        case control
        case cure(ConditionFollower)
    }

    package static let namespace = "p2pmirror-system"
    package static let mirrorName = "layers"

    package let settings: Settings
    private let say: @Sendable (String) -> Void

    package init(_ settings: Settings = Settings(), say: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.say = say
    }

    /// Image of the DaemonSet; the processes only read its tag.
    package var image: String { "ghcr.io/spegel-org/spegel:\(settings.version)" }

    /// What the administrator applies. It selects the simulated Nodes only.
    package var mirror: P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: Self.mirrorName),
            spec: P2PMirrorSpec(
                provider: .spegel,
                mode: .enforce,
                selector: LabelSelector(matchLabels: [NodeAdvertisement.label: "true"]),
                namespace: Self.namespace,
                candidates: P2PMirrorSpec.Candidates(unhealthyForSeconds: settings.unhealthyForSeconds),
                rollout: P2PMirrorSpec.Rollout(minReadySeconds: settings.minReadySeconds),
                spegel: P2PMirrorSpec.Spegel(install: P2PMirrorSpec.Install(version: settings.version))
            )
        )
    }

    /// Name of a node; the newcomer's is the last one.
    func node(_ number: Int) -> String { number < 10 ? "node-0\(number)" : "node-\(number)" }

    /// One run from the first Pod to the end of the newcomer's window.
    package func run(_ cluster: PodCluster, _ side: Side) async throws -> SpegelRun {
        try await cluster.addNode(node(1))
        try await install(on: cluster, side)
        let first = try await pod(on: 1, of: cluster)
        try await Task.sleep(for: .seconds(settings.alone))
        guard let alone = await cluster.figures(of: first) else {
            throw ScenarioFailure("the first Pod's Spegel does not answer; see \(cluster.settings.directory)/logs")
        }
        let aloneWasReady = try await cluster.podsByNode()[node(1)].map(PodView.isReady) ?? false
        say("one Pod alone: \(alone.lookups) lookups in \(settings.alone) s, \(alone.peers) peers, not ready; it says")
        say("  \(alone.lastError ?? "nothing")")
        if case .cure(let follower) = side {
            try await follower.wait(for: .peersConnected, [.starting], within: 15)
        }
        let three = try await grow(cluster, to: 3) { $0.peers >= 2 }
        say("three Pods: connected to each other after \(SpegelRun.text(three)) s")
        let fleet = try await grow(cluster, to: settings.nodes) { $0.peers >= 3 }
        say("\(settings.nodes) Pods: all of them ready after \(SpegelRun.text(fleet)) s")
        if case .cure(let follower) = side {
            try await follower.wait(for: .peersConnected, [.connected], within: 30)
            // So long until its probes pass: what has never been heard of a peer could not clear it later.
            try await Task.sleep(for: .seconds(10))
            follower.beginIncident()
        }
        let incident = try await SpegelIncident(self, cluster, side, say: say).run()
        return SpegelRun(
            alone: alone,
            aloneWasReady: aloneWasReady,
            threeAfter: three,
            fleetAfter: fleet,
            fleet: settings.nodes,
            dead: incident.dead.compactMap { $0.at(["status", "podIP"])?.stringValue },
            deadNodes: incident.dead.compactMap(PodView.node).sorted(),
            notReadyAfter: incident.notReadyAfter,
            evictedAfter: incident.evictedAfter,
            evicted: incident.evicted,
            newcomer: incident.newcomer,
            newcomerIsReady: incident.newcomerIsReady,
            window: settings.window
        )
    }

    private func install(on cluster: PodCluster, _ side: Side) async throws {
        switch side {
        case .control:
            for (resource, object) in SpegelChart.objects(namespace: Self.namespace, image: image) {
                try await cluster.objects.create(resource, object)
            }
        case .cure:
            try await cluster.objects.api.create(mirror, manager: "kubectl")
            cluster.startOperator()
        }
    }

    /// The Pod on a node, once it has an address and its Spegel answers.
    func pod(on number: Int, of cluster: PodCluster) async throws -> JSONValue {
        let deadline = ContinuousClock().now + .seconds(settings.deadline)
        while ContinuousClock().now < deadline {
            if let pod = try await cluster.podsByNode()[node(number)], await cluster.figures(of: pod) != nil {
                return pod
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ScenarioFailure("no Pod that answers on \(node(number)) within \(Int(settings.deadline)) s")
    }

    /// Adds nodes and waits until the Pods of all are ready and as connected as they should be; returns the seconds.
    private func grow(
        _ cluster: PodCluster,
        to count: Int,
        until isWell: (SpegelFigures) -> Bool
    ) async throws -> Double {
        let clock = ContinuousClock()
        let begin = clock.now
        let present = Set(try await cluster.objects.list(ClusterObjects.nodes).map(\.objectName))
        for number in 1...count where !present.contains(node(number)) { try await cluster.addNode(node(number)) }
        while clock.now < begin + .seconds(settings.deadline) {
            let ready = try await cluster.podsByNode().values.filter(PodView.isReady)
            var well = 0
            for pod in ready { if let figures = await cluster.figures(of: pod), isWell(figures) { well += 1 } }
            if well == count { return Self.seconds(clock.now - begin) }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw ScenarioFailure("\(count) Pods did not find each other within \(Int(settings.deadline)) s")
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
