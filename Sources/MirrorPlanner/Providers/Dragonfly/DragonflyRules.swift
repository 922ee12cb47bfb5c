import KubeCore
import MirrorAPI

/// What is known of Dragonfly. Its seeds are pods of a StatefulSet; schedulers are none.
struct DragonflyRules: ProviderRules {
    /// Every Linux node: its clients have ports of the host.
    func claims(_ node: Node) -> Bool { node.metadata.labels["kubernetes.io/os"] == "linux" }

    var nodeAnnotations: Set<String> { [] }
    var nodeAnnotationPrefixes: [String] { [] }
    func mask(_ annotations: inout [String: String]) {}

    var lever: CandidateSettings.Lever { DragonflyLever.lever }
    var leastPublished: Int { DragonflyLever.leastPublished }
    var remembersSeedsInStatus: Bool { true }
    /// Each seed is a pod itself.
    var watchedPods: WatchedPods? { nil }

    func probeTargets(of mirror: P2PMirror, _ snapshot: Snapshot) -> ProbeTargets {
        let fleet = DragonflyFleet(mirror, snapshot)
        let ports = DragonflyFiles(fleet).seedPorts
        var targets = ProbeTargets(addresses: [:], probes: DragonflyLever.probes(ports))
        for seed in fleet.seeds {
            guard let daemon = seed.daemon, !daemon.pod.isDeleting, let address = daemon.address else { continue }
            targets.addresses[seed.name] = address
            targets.nodes[seed.name] = daemon.node
            if seed.quarantine != nil { targets.exceptions[seed.name] = DragonflyLever.quarantinedProbes(ports) }
        }
        return targets
    }

    func seedMoves(
        _ isPublished: [String: Bool],
        of mirror: P2PMirror,
        _ snapshot: Snapshot
    ) -> [String: SeedMove] {
        let fleet = DragonflyFleet(mirror, snapshot)
        let ports = DragonflyFiles(fleet).seedPorts
        var moves: [String: SeedMove] = [:]
        for seed in fleet.seeds {
            guard let isPublished = isPublished[seed.name] else { continue }
            moves[seed.name] = DragonflyLever.move(seed, into: isPublished, fleet, ports)
        }
        return moves
    }

    /// All seeds that run but those that a quarantine of ours selects.
    func publishedSeeds(of mirror: P2PMirror, _ snapshot: Snapshot) -> PublishedSeedsQuery {
        let fleet = DragonflyFleet(mirror, snapshot)
        let name = mirror.metadata.name
        let running = fleet.seeds.filter { $0.pod != nil }
        let all = running.map { (DragonflyNames.quarantine(mirror: name, pod: $0.name), $0.name) }
        let options = ListOptions(
            namespace: fleet.namespace,
            labelSelector: "\(LabelKey.mirror)=\(Names.labelValue(name))",
            limit: 1_000
        )
        return PublishedSeedsQuery(
            NetworkPolicyKind.resource,
            options,
            excluding: Dictionary(all, uniquingKeysWith: { first, _ in first })
        )
    }

    /// A quarantine goes with its mirror, by its owner reference; no Node carries a mark.
    func publication(of node: Node, by mirror: String) -> SeedMove? { nil }
    func strays(of mirror: P2PMirror, _ snapshot: Snapshot) -> [String] {
        DragonflyFleet(mirror, snapshot).seeds.filter { $0.quarantine != nil }.map(\.name)
    }

    /// No service of a host is restarted for it.
    func hasRecovered(_ node: Node) -> Bool { false }

    func plan(_ mirror: P2PMirror, _ snapshot: Snapshot) -> Plan { DragonflyPlanner.plan(mirror, snapshot) }
}
