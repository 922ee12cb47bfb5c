import KubeCore
import MirrorAPI

/// What is known of Spegel by itself. Its seeds are pods.
struct SpegelRules: ProviderRules {
    /// Every node: its containerd and its ports are there once.
    func claims(_ node: Node) -> Bool { SpegelFleet.runsLinux(node) }

    var nodeAnnotations: Set<String> { [] }

    var nodeAnnotationPrefixes: [String] { [] }

    func mask(_ annotations: inout [String: String]) {}

    var lever: CandidateSettings.Lever { SpegelLever.lever }
    var leastPublished: Int { SpegelLever.leastPublished }
    /// Each seed is a pod itself, and is watched as a peer.
    var watchedPods: WatchedPods? { nil }

    func probeTargets(of mirror: P2PMirror, _ snapshot: Snapshot) -> ProbeTargets {
        let fleet = SpegelFleet(mirror, snapshot)
        return ProbeTargets(addresses: fleet.addresses, probes: fleet.defaultProbes)
    }

    func seedMoves(
        _ isPublished: [String: Bool],
        of mirror: P2PMirror,
        _ snapshot: Snapshot
    ) -> [String: SeedMove] {
        var moves: [String: SeedMove] = [:]
        for place in SpegelFleet(mirror, snapshot).places {
            guard let isPublished = isPublished[place.name], let pod = place.pod,
                let change = SpegelLever.move(pod, into: isPublished, by: mirror.metadata.name)
            else { continue }
            moves[place.name] = SeedMove(Pod.resource, pod.metadata, .merge(.value(change)))
        }
        return moves
    }

    func publishedSeeds(of mirror: P2PMirror, _ snapshot: Snapshot) -> PublishedSeedsQuery {
        let fleet = SpegelFleet(mirror, snapshot)
        let labels = fleet.selector.merging([LabelKey.candidate: "true"]) { $1 }
        let query = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let options = ListOptions(namespace: fleet.names.namespace, labelSelector: query, limit: 1_000)
        let seeds = fleet.places.compactMap { place in place.pod?.metadata.uid.map { ($0, place.name) } }
        return PublishedSeedsQuery(
            Pod.resource,
            options,
            seeds: Dictionary(seeds, uniquingKeysWith: { first, _ in first })
        )
    }

    /// A pod goes with its mirror, or is labelled anew by what its Service selects; no Node carries a mark.
    func publication(of node: Node, by mirror: String) -> SeedMove? { nil }

    func strays(of mirror: P2PMirror, _ snapshot: Snapshot) -> [String] { [] }

    /// No service of a host is restarted for it.
    func hasRecovered(_ node: Node) -> Bool { false }

    func plan(_ mirror: P2PMirror, _ snapshot: Snapshot) -> Plan { SpegelPlanner.plan(mirror, snapshot) }
}

extension Snapshot {
    /// What there is of Spegel that may concern a mirror; nil where it has not been read.
    func spegel(of mirror: String) -> SpegelEvidence? {
        guard case .spegel(let evidence) = evidence[mirror] else { return nil }
        return evidence
    }
}
