package import KubeCore
import KubeRuntime
import MirrorAPI
package import MirrorPlanner

/// Makes a snapshot of the stores and of what must be read live.
package struct SnapshotGatherer: Sendable {
    private let api: KubeAPI
    private let stores: MirrorStores
    private let seeds: SeedWatch?
    private let spegel: SpegelSources?
    private let inspector: PeerInspector?
    private let refusedPods: RefusedPods
    private let lease: ObjectKey
    private let now: @Sendable () -> Timestamp

    /// - Parameter seeds: what is known of seeds beside the stores; nil where nobody watches them, and each mirror's
    ///   candidate set is left as it is.
    ///   - spegel: what there is of Spegel; nil where nobody watches it.
    ///   - inspector: asks peers that have found nobody; nil where nobody does.
    package init(
        _ api: KubeAPI,
        stores: MirrorStores,
        seeds: SeedWatch? = nil,
        spegel: SpegelSources? = nil,
        inspector: PeerInspector? = nil,
        leaseNamespace: String,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.api = api
        self.stores = stores
        self.seeds = seeds
        self.spegel = spegel
        self.inspector = inspector
        refusedPods = RefusedPods(api)
        lease = ObjectKey(namespace: leaseNamespace, name: DisruptionLease.name)
        self.now = now
    }

    /// The stores as they are, and the disruption Lease read live: it is changed by compare-and-swap, so an old one
    /// only costs a conflict, but a conflict costs a pass.
    ///
    /// - Parameter mirror: the one that is to be decided about; only of its seeds is the evidence put in.
    /// - Throws: `KubeError` where the Lease can't be read. Nothing is decided then: it may be held.
    package func gather(for mirror: String? = nil) async throws(KubeError) -> Snapshot {
        // Read before the stores, which may only be fresher than it says.
        let staleness = stores.staleness
        var snapshot = Snapshot(
            now: now(),
            mirrors: stores.mirrors.all.compactMap(\.mirror).sorted { $0.metadata.name < $1.metadata.name },
            nodes: stores.nodes.all.sorted { $0.metadata.name < $1.metadata.name },
            mirrorNodes: stores.mirrorNodes.all.sorted { $0.metadata.name < $1.metadata.name },
            disruption: try await api.find(Lease.self, lease),
            staleness: staleness,
            unreadableMirrors: stores.mirrors.all.filter { $0.mirror == nil }.map(\.metadata.name).sorted()
        )
        guard let mirror = snapshot.mirrors.first(where: { $0.metadata.name == mirror }) else { return snapshot }
        if let found = spegel?.evidence(of: mirror) {
            snapshot.spegel[mirror.metadata.name] = found
            snapshot.spegel[mirror.metadata.name] = await completed(found, SpegelFleet(mirror, snapshot))
        }
        if let seeds {
            let fleet = snapshot.spegel[mirror.metadata.name].map { _ in SpegelFleet(mirror, snapshot) }
            // The watches of nodes and MirrorNodes are looked at by the staleness of the snapshot.
            snapshot.seeds[mirror.metadata.name] = seeds.evidence(
                of: mirror,
                nodes: snapshot.nodes,
                mirrorNodes: snapshot.mirrorNodes,
                peers: fleet.map { SeedProbe.Peers(addresses: $0.addresses, probes: $0.defaultProbes) }
            )
        }
        return snapshot
    }

    /// What is known of Spegel, with what only a question of its own can tell.
    private func completed(_ evidence: SpegelEvidence, _ fleet: SpegelFleet) async -> SpegelEvidence {
        var evidence = evidence
        if let inspector { evidence.peers = await inspector.readings(of: fleet) }
        evidence.isReleaseGone = await ReleaseSearch(api).isGone(fleet)
        evidence.podRefusal = await refusedPods.reason(fleet)
        return evidence
    }
}
