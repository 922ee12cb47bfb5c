import KubeCore
import MirrorAPI

extension CandidateInput {
    /// What the decision about a mirror's set rests on; nil where nothing is known of its seeds yet.
    ///
    /// - Parameters:
    ///   - disrupted: the node for which this mirror holds the disruption Lease.
    ///   - hold: why nothing is carried out.
    init?(_ fleet: Fleet, _ snapshot: Snapshot, disrupted: String?, hold: Hold) {
        let mirror = fleet.mirror
        guard let evidence = snapshot.seeds[mirror.metadata.name] else { return nil }
        var stale = evidence.stale
        // What agents report stands in MirrorNodes, whose watch that sentence is about too.
        for signal in [Signal.nodes, .figures] where stale[signal] == nil { stale[signal] = snapshot.staleness }
        self.init(
            now: evidence.now,
            settings: CandidateSettings(mirror.spec),
            seeds: fleet.seeds.map { Seed(snapshot.nodes[$0.number], $0, of: fleet, evidence, disrupted: disrupted) },
            memory: Memory(mirror.status),
            trust: evidence.trust,
            stale: stale,
            hold: hold,
            stormsReleasedUntil: mirror.metadata.annotations[AnnotationKey.releaseStorm].flatMap { Timestamp($0) }
        )
    }
}

extension Seed {
    fileprivate init(
        _ node: Node,
        _ seed: Fleet.SeedNode,
        of fleet: Fleet,
        _ evidence: SeedEvidence,
        disrupted: String?
    ) {
        let name = node.metadata.name
        let objects = fleet.mirrorNodes
        let object = fleet.mirrorNodeNumber(named: name, uid: node.metadata.uid ?? "")
        let heard = evidence.agentsHeardAt[name] ?? .distantPast
        self.init(
            name: name,
            zone: node.metadata.labels["topology.kubernetes.io/zone"],
            isServer: seed.isServer,
            lever: fleet.distribution.lever(of: node, for: fleet.mirror.metadata.name),
            evidence: Evidence(
                node: NodeEvidence(node),
                pod: evidence.pods[name].map { PodEvidence($0) },
                figures: object.flatMap { objects[$0].status?.agent?.figures }.map { Figures($0, at: heard) },
                probes: evidence.probes[name] ?? [],
                announcement: evidence.announcements[name]
            ),
            isBeingChanged: name == disrupted,
            readmit: object.flatMap { objects[$0].metadata.annotations[AnnotationKey.readmit] },
            record: object.flatMap { objects[$0].status?.candidate },
            isMarked: node.metadata.annotations[AnnotationKey.evictedBy] == fleet.mirror.metadata.name,
            recordedSince: object.flatMap { objects[$0].metadata.creationTimestamp },
            isRecordable: object != nil
        )
    }
}
