package import KubeCore
import KubeRuntime
import MirrorAPI
package import MirrorPlanner

/// Makes a snapshot of the stores and of what must be read live.
package struct SnapshotGatherer: Sendable {
    private let api: KubeAPI
    private let stores: MirrorStores
    private let seeds: SeedWatch?
    private let sources: ProviderSourceSet
    private let inquiries: [Provider: any ProviderInquiry]
    private let lease: ObjectKey
    private let now: @Sendable () -> Timestamp

    /// - Parameter seeds: what is known of seeds beside the stores; nil where nobody watches them, and each mirror's
    ///   candidate set is left as it is.
    ///   - sources: what there is of providers in the cluster.
    package init(
        _ api: KubeAPI,
        stores: MirrorStores,
        seeds: SeedWatch? = nil,
        sources: ProviderSourceSet = ProviderSourceSet(),
        leaseNamespace: String,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.api = api
        self.stores = stores
        self.seeds = seeds
        self.sources = sources
        inquiries = sources.inquiries(api)
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
        let name = mirror.metadata.name
        if let found = sources.evidence(of: mirror) {
            snapshot.evidence[name] = found
            // With what only a question of its own can tell.
            snapshot.evidence[name] = await inquiries[mirror.spec.provider]?.completed(mirror, snapshot) ?? found
        }
        // The watches of nodes and MirrorNodes are looked at by the staleness of the snapshot.
        if let seeds { snapshot.seeds[name] = seeds.evidence(of: mirror, in: snapshot) }
        return snapshot
    }
}
