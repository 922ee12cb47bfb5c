import KubeCore
import MirrorAPI

extension CandidateInput {
    /// What the decision about the peers that are published rests on; nil where nothing is known of them yet.
    ///
    /// - Parameters:
    ///   - planned: nodes whose pods we replace now, or have just made.
    ///   - hold: why nothing is carried out.
    init?(_ fleet: SpegelFleet, _ snapshot: Snapshot, planned: Set<String>, hold: Hold) {
        let mirror = fleet.mirror
        guard let evidence = snapshot.seeds[mirror.metadata.name], snapshot.spegel(of: mirror.metadata.name) != nil
        else {
            return nil
        }
        var stale = evidence.stale
        stale[.pods] = stale[.pods] ?? fleet.evidence.staleness
        stale[.nodes] = stale[.nodes] ?? snapshot.staleness
        let seeds = fleet.places.compactMap { place -> Seed? in
            let node = snapshot.nodes[place.number]
            guard mirror.spec.candidates.includes(node) else { return nil }
            // A node that never had a peer is none that is lost.
            guard place.pod != nil || place.mirrorNode?.status?.candidate != nil else { return nil }
            return Seed(node, place, of: fleet, evidence, isBeingChanged: planned.contains(place.name))
        }
        self.init(
            now: evidence.now,
            settings: CandidateSettings(mirror.spec),
            seeds: seeds,
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
        _ place: SpegelFleet.Place,
        of fleet: SpegelFleet,
        _ evidence: SeedEvidence,
        isBeingChanged: Bool
    ) {
        let reading = place.pod.flatMap { PodReading([$0]) }
        self.init(
            name: place.name,
            zone: node.metadata.labels["topology.kubernetes.io/zone"],
            // A peer that looks for others looks them up, and nobody hands out itself.
            isServer: false,
            lever: place.pod.map { SpegelLever.lever(of: $0, for: fleet.mirror.metadata.name) } ?? .gone,
            evidence: Evidence(
                node: NodeEvidence(node),
                pod: reading.map { PodEvidence($0) } ?? .absent,
                probes: place.pod == nil ? [] : evidence.probes[place.name] ?? []
            ),
            isBeingChanged: isBeingChanged,
            readmit: place.mirrorNode?.metadata.annotations[AnnotationKey.readmit],
            record: place.mirrorNode?.status?.candidate,
            isMarked: place.pod?.metadata.annotations[AnnotationKey.evictedBy] == fleet.mirror.metadata.name,
            recordedSince: place.mirrorNode?.metadata.creationTimestamp,
            isRecordable: place.mirrorNode != nil
        )
    }
}
